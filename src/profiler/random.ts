/**
 * Seeded random numbers: xoshiro128** (Blackman & Vigna 2018), its state filled by splitmix32.
 * The same seed gives the same schedule on every machine, so that a run can be replayed.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(seed: number) {
    const fill = splitmix32(seed);
    this.a = fill();
    this.b = fill();
    this.c = fill();
    this.d = fill();
  }

  /** Uniform in [0, 1). */
  next(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.b, 5), 7), 9) >>> 0;
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = rotateLeft(this.d, 11);
    return result / 2 ** 32;
  }

  /** Whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Exponential with mean 1: the gap between two arrivals of a Poisson stream of rate 1. */
  exponential(): number {
    return -Math.log(1 - this.next());
  }
}

/** A seed for part `index` of a run: parts are independent, and the whole follows from one seed. */
export function derivedSeed(seed: number, index: number): number {
  return splitmix32(seed ^ Math.imul(index + 1, 0x9e3779b9))();
}

/** The same for a part that has a name. Names that differ in one letter have other seeds. */
export function namedSeed(seed: number, name: string): number {
  // FNV-1a: each step can be undone, so that no difference in the last letter is lost
  const hash = Array.from(name).reduce((total, letter) => Math.imul(total ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);
  return derivedSeed(seed, hash);
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

const rotateLeft = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
