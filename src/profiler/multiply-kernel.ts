/**
 * A WebAssembly function `f(rounds)` that keeps a core's float units busy with vectors, as a model's kernels do: eight vectors of
 * four single-precision numbers that do not wait for each other, without touching memory.
 *
 *     (func (export "f") (param $rounds i32) (result f32) (local $v0 … $v7 $factor $term v128)
 *       (local.set $factor (f32x4.splat (f32.const 0.999)))
 *       (local.set $term (f32x4.splat (f32.const 0.5)))
 *       (loop $again
 *         (local.set $v0 (f32x4.add (f32x4.mul (local.get $v0) (local.get $factor)) (local.get $term))) … $v7
 *         (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
 *       (f32x4.extract_lane 0 (f32x4.add $v0 … $v7)))
 */
const MODULE =
  'AGFzbQEAAAABBgFgAX8BfQMCAQAHBQEBZgAACr0BAboBAQp7Q3e+fz/9EyEJQwAAAD/9EyEKA0AgASAJ/eYBIAr95AEhASACIAn95gEgCv3kASEC' +
  'IAMgCf3mASAK/eQBIQMgBCAJ/eYBIAr95AEhBCAFIAn95gEgCv3kASEFIAYgCf3mASAK/eQBIQYgByAJ/eYBIAr95AEhByAIIAn95gEgCv3kASEI' +
  'IABBAWsiAA0ACyABIAL95AEgA/3kASAE/eQBIAX95AEgBv3kASAH/eQBIAj95AH9HwAL';

const ROUNDS = 20_000;
const VECTORS = 8;
const LANES = 4;

/** A piece of work, and how many multiply-adds it is. */
export interface MultiplyKernel {
  readonly multiplyAdds: number;
  run(): void;
}

/** Of it, what is used here: Node's types leave it to those of browsers. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: { readonly f: (rounds: number) => number } };
}

let kernel: MultiplyKernel | undefined;

/** Some hundredths of a millisecond of work. The same on every machine, but where a processor has no vectors that V8 can use. */
export function multiplyKernel(): MultiplyKernel {
  return (kernel ??= vectorKernel() ?? scalarKernel());
}

function vectorKernel(): MultiplyKernel | undefined {
  try {
    const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
    const run = new Instance(new Module(Buffer.from(MODULE, 'base64'))).exports.f;
    return { multiplyAdds: ROUNDS * VECTORS * LANES, run: () => void run(ROUNDS) };
  } catch {
    return undefined; // no vector instructions, or WebAssembly forbidden
  }
}

function scalarKernel(): MultiplyKernel {
  const sums = new Float32Array(VECTORS);
  const run = (): void => {
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < VECTORS; i++) sums[i] = sums[i] * 0.999 + 0.5;
    }
  };
  return { multiplyAdds: ROUNDS * VECTORS, run };
}
