import type { ProfileInput } from './input-set';
import type { Random } from './random';

/** Which input comes next: by weight, in turns or at random. */
export class InputMix {
  private readonly weights: readonly number[];
  private readonly cumulative: Float64Array;
  private readonly credit: Float64Array;
  private readonly equal: boolean;
  private taken = 0;

  constructor(inputs: readonly ProfileInput[]) {
    this.weights = inputs.map(({ weight = 1 }) => weight);
    this.equal = this.weights.every(weight => weight === this.weights[0]);
    this.credit = new Float64Array(inputs.length);
    this.cumulative = new Float64Array(inputs.length);
    let total = 0;
    this.weights.forEach((weight, index) => (this.cumulative[index] = total += weight));
  }

  /** Each input once, in order, so that all are seen; then in turns as even as the weights allow. */
  inTurn(): number {
    const count = this.weights.length;
    const turn = this.taken++;
    return turn < count || this.equal ? turn % count : this.smoothest();
  }

  /** An input by chance, each as likely as its weight says. */
  atRandom(random: Random): number {
    const at = random.next() * this.cumulative[this.cumulative.length - 1];
    let low = 0;
    for (let high = this.cumulative.length - 1; low < high;) {
      const middle = (low + high) >> 1;
      if (this.cumulative[middle] > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Smooth weighted round robin: all earn their weight, who has most goes and pays the total. */
  private smoothest(): number {
    let most = 0;
    for (let index = 0; index < this.credit.length; index++) {
      this.credit[index] += this.weights[index];
      if (this.credit[index] > this.credit[most]) most = index;
    }
    this.credit[most] -= this.cumulative[this.cumulative.length - 1];
    return most;
  }
}
