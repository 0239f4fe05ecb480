import { writeResponse } from '../../scoring/tensor/json-request';
import type { NamedTensors, PlainTensor } from '../../scoring/tensor/plain-tensor';
import { Entry, Unreadable } from './entry';

/**
 * A request that gives tensors by name: JSON, the form that every caller can send.
 *
 * @throws Unreadable where JSON has no word for an element
 */
export function tensorEntry(tensors: NamedTensors): Entry {
  for (const [name, tensor] of tensors) {
    if (!allFinite(tensor)) {
      throw new Unreadable(`tensor ${name} holds a NaN or an infinity, which JSON cannot carry; give it as a .npy file`);
    }
  }
  return { body: writeResponse(tensors) };
}

function allFinite({ type, data }: PlainTensor): boolean {
  if (type === 'float16') return (data as Uint16Array).every(half => (half & 0x7c00) !== 0x7c00);
  if (type === 'float32' || type === 'float64') return (data as Float64Array).every(Number.isFinite);
  return true;
}
