import { POWERS_OF_TEN } from './powers-of-ten';

const LEAST_CAPACITY = 16 * 1024;
/** A larger room is not kept for the next answer. */
const KEPT_CAPACITY = 8 * 1024 * 1024;
/** Clients read an answer as one text, and JavaScript's end at about 512 MiB. */
const MAX_BYTES = 512 * 1024 * 1024;
/** No number takes more: `-2.2250738585072014e-308` and a comma. */
const NUMBER_BYTES = 32;
/** Native copying has a price per call that short texts do not pay back. */
const SHORT_TEXT = 24;

const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COMMA = 0x2c;

/** Outside, powers of ten are not exact; Number.prototype.toString writes those. */
const LEAST_SHORT = 1e-13;
const MOST_SHORT = 1e15;
/** To the doubles beside a double, or one further. */
const STEP_DOWN = 1 - 2 ** -52;
const STEP_UP = 1 + 2 ** -52;

const single = new Float32Array(1);
const singleBits = new Int32Array(single.buffer);

/**
 * Writes JSON straight as bytes, into one room that is used again and again.
 *
 * Numbers of single precision get as few digits as single precision needs (0.1, not 0.10000000149011612): half the bytes, in less
 * time than V8 takes for seventeen digits.
 */
export class JsonWriter {
  private bytes = Buffer.allocUnsafeSlow(LEAST_CAPACITY);
  private length = 0;

  /** What was written since the last call. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.length));
    this.reset();
    return taken;
  }

  /** Forgets what was written, after a failure. */
  reset(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_CAPACITY) this.bytes = Buffer.allocUnsafeSlow(LEAST_CAPACITY);
  }

  /** Text of ASCII characters only, as it is. */
  ascii(text: string): void {
    this.reserve(text.length);
    if (text.length > SHORT_TEXT) this.length += this.bytes.write(text, this.length, 'latin1');
    else for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
  }

  /** A text as a JSON string. */
  string(text: string): void {
    const json = JSON.stringify(text);
    this.reserve(json.length * 3);
    this.length += this.bytes.write(json, this.length, 'utf8');
  }

  /** Numbers of single precision with commas between them; what JSON has no word for is null. */
  singles(data: Float32Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (this.length + NUMBER_BYTES > this.bytes.length) this.reserve(NUMBER_BYTES);
      if (i > start) this.bytes[this.length++] = COMMA;
      this.single(data[i]);
    }
  }

  /** Numbers with commas between them; what JSON has no word for is null. */
  numbers(data: ArrayLike<number>, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (i > start) this.ascii(',');
      const value = data[i];
      this.ascii(Number.isFinite(value) ? String(value) : 'null');
    }
  }

  private single(value: number): void {
    const magnitude = Math.abs(value);
    if (!(magnitude >= LEAST_SHORT && magnitude < MOST_SHORT)) {
      this.ascii(Number.isFinite(value) ? String(value) : 'null');
      return;
    }
    if (value < 0) this.bytes[this.length++] = MINUS;
    single[0] = magnitude;
    const binaryExponent = (singleBits[0] >>> 23) - 127;
    // log10(2) as a fraction; exact enough for the exponents that come here, up to one that is put right below
    let exponent = (binaryExponent * 1233) >> 12;
    if (magnitude >= (exponent >= -1 ? POWERS_OF_TEN[exponent + 1] : 1 / POWERS_OF_TEN[-exponent - 1])) exponent++;
    // decimals of six digits come back as they were, nine tell all numbers apart
    for (let places = 5 - exponent; places <= 8 - exponent; places++) {
      const digits = Math.floor((places >= 0 ? magnitude * POWERS_OF_TEN[places] : magnitude / POWERS_OF_TEN[-places]) + 0.5);
      const read = places >= 0 ? digits / POWERS_OF_TEN[places] : digits * POWERS_OF_TEN[-places];
      // not only what is read in double precision must become this number, but also what lies beside it: readers round only once
      if (Math.fround(read * STEP_DOWN) === magnitude && Math.fround(read * STEP_UP) === magnitude) {
        this.decimal(digits, places);
        return;
      }
    }
    this.ascii(String(magnitude));
  }

  /** `digits` / 10^`places`, written as JavaScript writes numbers. */
  private decimal(digits: number, places: number): void {
    while (digits % 10 === 0) {
      digits /= 10;
      places--;
    }
    const { bytes } = this;
    const count = digitCount(digits);
    const point = count - places;
    let at = this.length;
    if (places <= 0) {
      writeDigits(bytes, at, digits, count);
      at += count;
      for (; places < 0; places++) bytes[at++] = ZERO;
    } else if (point > 0) {
      const unit = POWERS_OF_TEN[places];
      const whole = Math.floor(digits / unit);
      writeDigits(bytes, at, whole, point);
      bytes[at + point] = DOT;
      writeDigits(bytes, at + point + 1, digits - whole * unit, places);
      at += count + 1;
    } else if (point > -6) {
      bytes[at++] = ZERO;
      bytes[at++] = DOT;
      for (let zeros = point; zeros < 0; zeros++) bytes[at++] = ZERO;
      writeDigits(bytes, at, digits, count);
      at += count;
    } else {
      writeDigits(bytes, at + 1, digits, count);
      bytes[at] = bytes[at + 1];
      at++;
      if (count > 1) {
        bytes[at] = DOT;
        at += count;
      }
      this.length = at;
      this.ascii(`e${point - 1}`);
      return;
    }
    this.length = at;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    if (needed > MAX_BYTES) throw new RangeError('the answer is too long for JSON');
    const larger = Buffer.allocUnsafeSlow(Math.min(MAX_BYTES, Math.max(needed, this.bytes.length * 2)));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

/** `count` digits of an integer below 2^31, zeros in front. */
function writeDigits(bytes: Uint8Array, at: number, value: number, count: number): void {
  let rest = value | 0;
  for (let i = at + count - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    bytes[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
}

function digitCount(value: number): number {
  let count = 1;
  while (value >= POWERS_OF_TEN[count]) count++;
  return count;
}
