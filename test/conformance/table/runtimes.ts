import { Runtime } from '../row';

/** The row holds whatever stands behind `/score`. */
export const ALL: readonly Runtime[] = ['python', 'javascript', 'onnx'];
/** The row is about entry scripts. */
export const SCRIPTS: readonly Runtime[] = ['python', 'javascript'];
/** The row is about what only Python has: its types, its web framework, its packages. */
export const PYTHON: readonly Runtime[] = ['python'];

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Milliseconds with three decimals. */
export const DURATION = /^\d+\.\d{3}$/;
