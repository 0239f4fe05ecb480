import { PlainTensor } from '../tensor/json-tensor';
import { ModelSignature, TensorSignature } from '../tensor/signature';
import { joinRows, sliceRows, Tensors } from './batch';
import { elements } from './sample';

/** Runs the model on its inputs, in the signature's order. */
export type Run = (inputs: Tensors) => Promise<Tensors>;

/** Rows of the requests that are scored apart and together. */
const ROWS = [1, 2, 1];
const ROUNDS = 2;
/** Optimised kernels add in another order for another number of rows. */
const TOLERANCE = 1e-4;

/**
 * Whether a model scores each row by itself, so that rows of several requests may share a run: the signature must allow any
 * number of rows, and rows of made-up values must score the same together as apart. A model that, say, normalises over its rows
 * fails this.
 *
 * @param sample inputs that the model is known to accept
 */
export async function scoresRowsByThemselves(signature: ModelSignature, sample: Tensors, run: Run): Promise<boolean> {
  if (!hasFreeRows(signature.inputs) || !hasFreeRows(signature.outputs)) return false;
  const random = pseudoRandom(0x2545f491);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      if (!(await sameTogether(sample, run, random))) return false;
    }
    return true;
  } catch {
    // it refused made-up values, or another number of rows
    return false;
  }
}

function hasFreeRows(tensors: readonly TensorSignature[]): boolean {
  return tensors.length > 0 && tensors.every(({ shape }) => typeof shape[0] === 'string');
}

async function sameTogether(sample: Tensors, run: Run, random: () => number): Promise<boolean> {
  const requests = ROWS.map(rows => sample.map(tensor => madeUp(tensor, rows, random)));
  const apart: Tensors[] = [];
  for (const request of requests) apart.push(await run(request));
  const together = await run(sample.map((_, input) => joinRows(requests.map(request => request[input]))));
  const total = ROWS.reduce((sum, rows) => sum + rows, 0);
  if (together.some(({ dims }) => dims[0] !== total)) return false;
  let row = 0;
  return apart.every((outputs, index) => {
    row += ROWS[index];
    return outputs.every((output, which) => isClose(output, sliceRows(together[which], row - ROWS[index], row)));
  });
}

/** Values that most models take: small, of both signs where they can be, and different in every row. */
function madeUp({ type, data, dims }: PlainTensor, rows: number, random: () => number): PlainTensor {
  const shape = [rows, ...dims.slice(1)];
  const length = elements(shape);
  if (Array.isArray(data)) return { type, data: Array.from({ length }, () => (random() < 0.5 ? 'a' : 'b')), dims: shape };
  const made = new (data.constructor as new (length: number) => typeof data)(length);
  for (let i = 0; i < length; i++) made[i] = value(type, random);
  return { type, data: made, dims: shape };
}

function value(type: string, random: () => number): number | bigint {
  if (type === 'float32' || type === 'float64') return random() * 2 - 1;
  // half precision as bits: 0.0 to just below 1.0
  if (type === 'float16') return Math.floor(random() * 0x3c00);
  const bit = random() < 0.5 ? 0 : 1;
  return type === 'int64' || type === 'uint64' ? BigInt(bit) : bit;
}

function isClose(a: PlainTensor, b: PlainTensor): boolean {
  if (a.dims.join() !== b.dims.join()) return false;
  for (let i = 0; i < a.data.length; i++) {
    if (!isSame(a.data[i], b.data[i], a.type === 'float16')) return false;
  }
  return true;
}

function isSame(a: number | bigint | string, b: number | bigint | string, half: boolean): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'number' || typeof b !== 'number') return a === b;
  // neighbouring bit patterns are neighbouring halves
  if (half) return Math.abs(a - b) <= 2;
  return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));
}

/** Mulberry32: the check must come to the same answer at every start. */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
