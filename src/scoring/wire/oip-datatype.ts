import { ElementType } from '../tensor/signature';

const DATATYPES: Readonly<Record<ElementType, string>> = {
  bool: 'BOOL',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
};

/** What the Open Inference Protocol calls an element type. */
export function oipDatatype(type: string): string {
  return DATATYPES[type as ElementType];
}
