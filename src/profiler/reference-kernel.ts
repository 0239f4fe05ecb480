import { coreSpeed } from './machine';

/** What one core of a machine does, by WebAssembly and Node's own code: below what a tuned library reaches, but the same everywhere. */
export interface ReferenceSpeed {
  /** Single-precision multiply-adds with vectors of four, 10⁹ a second of CPU time. */
  readonly gigaMultiplyAdds: number;
  /** Bytes that are read and written copying arrays larger than most last-level caches, 10⁹ a second of CPU time. */
  readonly memoryGigabytesPerSecond: number;
}

/** So that what is measured is compiled code. */
const COMPILE_MS = 60;
const MULTIPLY_MS = 130;
const COPY_MS = 80;
/** Two of them are 64 MB. */
const ARRAY_BYTES = 32 * 1024 ** 2;

/** Measures for about 0.3 s, blocking. Of CPU time, so that other programs change it only where they slow the core itself. */
export function measureReference(): ReferenceSpeed {
  coreSpeed(COMPILE_MS);
  return { gigaMultiplyAdds: coreSpeed(MULTIPLY_MS) / 1e6, memoryGigabytesPerSecond: copySpeed(COPY_MS) / 1e6 };
}

/** Bytes per CPU millisecond. */
function copySpeed(budgetMs: number): number {
  // filled: pages that were never written are all the same one
  const source = new Uint8Array(ARRAY_BYTES).fill(1);
  const target = new Uint8Array(ARRAY_BYTES).fill(2);
  const end = performance.now() + budgetMs;
  const before = process.cpuUsage();
  let copies = 0;
  do {
    target.set(source);
    copies++;
  } while (performance.now() < end);
  const { user, system } = process.cpuUsage(before);
  return (2 * copies * ARRAY_BYTES) / Math.max((user + system) / 1000, 0.001);
}

export interface Transfer {
  readonly host: ReferenceSpeed;
  /** Speed of a target core as a multiple of this machine's. */
  readonly factor: number;
  /** Relative, 0.15 for ±15 %. */
  readonly uncertainty: number;
}

/** What the result means on a machine that is not this one. */
export function transferStatement({ host, factor, uncertainty }: Transfer): string {
  const speed =
    `one core here does ${host.gigaMultiplyAdds.toFixed(1)} billion multiply-adds a second ` +
    `and copies ${host.memoryGigabytesPerSecond.toFixed(1)} GB/s (WebAssembly with vectors of four, no tuned library)`;
  const spread = uncertainty > 0 ? ` ± ${percent(uncertainty)}` : '';
  if (factor === 1) {
    return uncertainty > 0
      ? `Measured and verified on this machine; the target's cores are taken to be as fast${spread}: ${speed}.`
      : `Measured and verified on this machine, and holds for cores as fast as these: ${speed}. Nobody said how fast the target's are.`;
  }
  return (
    `Measured on this machine and restated for cores ${factor.toFixed(2)} times as fast${spread}: ${speed}. ` +
    `What was verified is this machine; caches, instruction sets and memory of the target may change it further.`
  );
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
