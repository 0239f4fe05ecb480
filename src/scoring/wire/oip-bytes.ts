import { isUtf8 } from 'buffer';
import { inputName, InputError } from '../tensor/plain-tensor';
import { TensorSignature } from '../tensor/signature';

/** Each element is preceded by its length in four bytes. */
const LENGTH_BYTES = 4;

/**
 * Reads `count` elements of the datatype BYTES, as texts in UTF-8.
 *
 * @throws InputError where they are fewer or more, no UTF-8, or hold a NUL, behind which ONNX Runtime's binding would lose them.
 */
export function readStrings(input: TensorSignature, count: number, bytes: Buffer): string[] {
  const fault = (text: string) => new InputError(`${inputName(input.name)}: ${text}`);
  // before memory is taken for them
  if (count * LENGTH_BYTES > bytes.length) throw fault(`${bytes.length} bytes cannot hold ${count} elements of BYTES`);
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + LENGTH_BYTES > bytes.length) throw fault(`the data end before element ${i} of ${count}`);
    const end = at + LENGTH_BYTES + bytes.readUInt32LE(at);
    if (end > bytes.length) throw fault(`element ${i} is longer than the data`);
    const element = bytes.subarray(at + LENGTH_BYTES, end);
    if (!isUtf8(element)) throw fault(`element ${i} is not UTF-8`);
    if (element.includes(0)) throw fault(`element ${i} has a NUL character`);
    texts.push(element.toString());
    at = end;
  }
  if (at < bytes.length) throw fault(`${bytes.length - at} bytes are left behind its ${count} elements`);
  return texts;
}

/** Texts as elements of the datatype BYTES. */
export function writeStrings(texts: readonly string[]): Buffer {
  const lengths = texts.map(text => Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + LENGTH_BYTES + length, 0));
  let at = 0;
  texts.forEach((text, i) => {
    at = bytes.writeUInt32LE(lengths[i], at);
    at += bytes.write(text, at);
  });
  return bytes;
}
