import { MAX_POWER, POWERS_OF_TEN } from './powers-of-ten';
import { UNKNOWN_RANK_LIMIT } from './signature';

/** Integers below are exact in a double, and so is every step that led to them. */
const EXACT_BELOW = 2 ** 53;
/** More than what the roundings of a mantissa of 22 digits and of one division can add up to. */
const BELOW = 1 - 2 ** -49;
const ABOVE = 1 + 2 ** -49;
/** What is at least this becomes infinity in single precision. */
const FLOAT32_OVERFLOW = 2 ** 128 - 2 ** 103;

const LEAST_CAPACITY = 64;
/** A larger room is not kept for the next request. */
const KEPT_CAPACITY = 1 << 20;
/** More numbers are read by JSON.parse, after their count was held against the model. */
const MAX_CAPACITY = 1 << 24;
/** Numbers that need `Number(text)` cost more here than in JSON.parse: with more than a few, that is the faster way. */
const HARD_NUMBERS = 64;

const NOTHING = Buffer.from('}');
const NO_VIEW = new DataView(new ArrayBuffer(0));

const SPACE = 0x20;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/**
 * Reads JSON's nested arrays of numbers straight from bytes: no text, no arrays, no boxed numbers in between.
 *
 * It reads only what is regular and plain, and gives up (-1) on everything else: then JSON.parse decides what it is and what to
 * say about it. What it does read equals what JSON.parse reads, to the last bit.
 */
export class NumberScanner {
  /** What was read last: the first `count` of these. Valid until the next `scan`. */
  values: Float64Array = new Float64Array(LEAST_CAPACITY);
  count = 0;
  dims: number[] = [];

  private bytes: Uint8Array = NOTHING;
  private view: DataView = NO_VIEW;
  private text: Buffer = NOTHING;
  private single = false;
  private hard = 0;

  /**
   * Starts on another body. It must end in `}`: that byte ends every loop here, so that none has to look for the end.
   */
  open(body: Buffer): void {
    this.text = body;
    this.bytes = body;
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  /** Lets go of the body, and of room that no usual request needs. */
  close(): void {
    this.text = NOTHING;
    this.bytes = NOTHING;
    this.view = NO_VIEW;
    if (this.values.length > KEPT_CAPACITY) this.values = new Float64Array(LEAST_CAPACITY);
  }

  /**
   * Reads the array that opens at `start`; returns where it ended, or -1.
   * With `single` a value may differ from JSON.parse's by less than what single precision can show.
   */
  scan(start: number, single: boolean): number {
    this.single = single;
    this.count = 0;
    this.hard = 0;
    const dims: number[] = [];
    const filled: number[] = [];
    let rank = 0;
    let at = start;
    for (;;) {
      // down to a row
      let c = this.bytes[at];
      while (c === OPEN) {
        if (filled.length === UNKNOWN_RANK_LIMIT) return -1;
        filled.push(0);
        at = this.afterSpace(at + 1);
        c = this.bytes[at];
      }
      if (rank === 0) rank = filled.length;
      if (filled.length !== rank || rank === 0) return -1;
      const before = this.count;
      at = this.row(at);
      if (at < 0) return -1;
      filled[rank - 1] = this.count - before;
      // up to where the next one begins
      for (;;) {
        const level = filled.length - 1;
        const size = filled.pop() as number;
        if (dims[level] === undefined) dims[level] = size;
        else if (dims[level] !== size) return -1;
        if (level === 0) {
          this.dims = dims;
          return at;
        }
        filled[level - 1]++;
        at = this.afterSpace(at);
        c = this.bytes[at++];
        if (c === CLOSE) continue;
        if (c !== COMMA) return -1;
        at = this.afterSpace(at);
        if (this.bytes[at] !== OPEN) return -1;
        break;
      }
    }
  }

  afterSpace(at: number): number {
    const { bytes } = this;
    let c = bytes[at];
    while (c === SPACE || c === 0x0a || c === 0x0d || c === 0x09) c = bytes[++at];
    return at;
  }

  /** Numbers and commas up to the closing bracket; returns what follows it, or -1. One function, because V8 then keeps all in registers. */
  private row(start: number): number {
    const { bytes, view, single } = this;
    const lastBlock = bytes.length - 4;
    const overflow = single ? FLOAT32_OVERFLOW : Infinity;
    let { values, count } = this;
    let i = start;
    let c = bytes[i];
    for (;;) {
      const begin = i;
      const negative = c === MINUS;
      if (negative) c = bytes[++i];
      let mantissa = 0;
      if (c === ZERO) c = bytes[++i];
      else {
        const first = i;
        while (c >= 0x30 && c <= 0x39) {
          mantissa = mantissa * 10 + (c - 0x30);
          c = bytes[++i];
        }
        if (i === first) return -1;
      }
      let scale = 0;
      if (c === DOT) {
        const first = ++i;
        while (i <= lastBlock) {
          // four digits at once: the high half of each byte must be 3, also once 6 is added to it
          const four = view.getInt32(i, true);
          if ((four & 0xf0f0f0f0) !== 0x30303030 || ((four + 0x06060606) & 0xf0f0f0f0) !== 0x30303030) break;
          const digits = four & 0x0f0f0f0f;
          const pairs = (digits * 10 + (digits >>> 8)) & 0x00ff00ff;
          mantissa = mantissa * 10000 + ((pairs & 0xff) * 100 + (pairs >>> 16));
          i += 4;
        }
        c = bytes[i];
        while (c >= 0x30 && c <= 0x39) {
          mantissa = mantissa * 10 + (c - 0x30);
          c = bytes[++i];
        }
        if (i === first) return -1;
        scale = first - i;
      }
      if (c === 0x65 || c === 0x45) {
        c = bytes[++i];
        const down = c === MINUS;
        if (down || c === 0x2b) c = bytes[++i];
        const first = i;
        let exponent = 0;
        while (c >= 0x30 && c <= 0x39) {
          exponent = exponent < 10000 ? exponent * 10 + (c - 0x30) : exponent;
          c = bytes[++i];
        }
        if (i === first) return -1;
        scale += down ? -exponent : exponent;
      }
      let value = mantissa;
      let sure = scale >= -MAX_POWER && scale <= MAX_POWER;
      if (sure) {
        if (scale < 0) value = mantissa / POWERS_OF_TEN[-scale];
        else if (scale > 0) value = mantissa * POWERS_OF_TEN[scale];
        // a rounded mantissa still tells the value in single precision, unless it lies next to where two of them part
        if (mantissa >= EXACT_BELOW)
          sure = single && mantissa < 1e22 && Math.fround(value * BELOW) === Math.fround(value * ABOVE);
      }
      if (!sure) {
        if (++this.hard > HARD_NUMBERS + (count >> 3)) return -1;
        value = Number(this.text.toString('latin1', negative ? begin + 1 : begin, i));
      }
      if (value >= overflow) return -1;
      if (count === values.length) {
        if (count === MAX_CAPACITY) return -1;
        values = this.enlarged();
      }
      values[count++] = negative ? -value : value;

      while (c === SPACE || c === 0x0a || c === 0x0d || c === 0x09) c = bytes[++i];
      if (c === CLOSE) {
        this.count = count;
        return i + 1;
      }
      if (c !== COMMA) return -1;
      c = bytes[++i];
      while (c === SPACE || c === 0x0a || c === 0x0d || c === 0x09) c = bytes[++i];
    }
  }

  private enlarged(): Float64Array {
    const larger = new Float64Array(this.values.length * 2);
    larger.set(this.values);
    return (this.values = larger);
  }
}
