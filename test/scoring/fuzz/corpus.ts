import { WireRequest } from '../../../src/scoring/wire/wire-request';
import { ModelSignature } from '../../../src/scoring/tensor/signature';
import { model } from '../wire/requests';

/** Models of many kinds; what is fuzzed is asked of each. */
export const MODELS: readonly ModelSignature[] = [
  model([['x', 'float32', ['N', 4]]]),
  model(
    [['x', 'float32', [1, 2, 2]]],
    [
      ['y', 'float32', []],
      ['label', 'string', ['N']],
    ],
  ),
  model([['x', 'float16', []]]),
  model([
    ['ids', 'int64', ['B', 'S']],
    ['mask', 'int64', ['B', 'S']],
  ]),
  model([['x', 'uint8', ['N', 'N']]]),
  model([['x', 'bool', ['']]]),
  model([['x', 'uint64', ['N']]]),
  model([['x', 'float64', ['N']]]),
  model([
    ['__proto__', 'string', ['N']],
    ['constructor', 'int8', ['N']],
  ]),
];

/** The parts of a request that its bytes do not carry. */
export type Envelope = Omit<WireRequest, 'body' | 'modelName' | 'jsonBytes'> & { readonly json?: string };

/** A valid or almost valid request, to be varied; `json` is what stands before the bytes of `body`. */
export interface Seed extends Envelope {
  readonly body: Buffer;
}

const text = (protocol: Envelope['protocol'], body: string): Seed => ({
  protocol,
  contentType: 'application/json',
  body: Buffer.from(body),
});
const bytes = (contentType: string, hex: string, query?: string): Seed => ({
  protocol: 'azureml',
  contentType,
  query,
  body: Buffer.from(hex, 'hex'),
});
const npy = (header: string, hex: string): Seed => {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const body = Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    length,
    Buffer.from(header, 'latin1'),
    Buffer.from(hex, 'hex'),
  ]);
  return { protocol: 'azureml', contentType: 'application/x-npy', accept: 'application/x-npy', body };
};
const oipBinary = (header: string, hex: string): Seed => ({
  protocol: 'oip',
  contentType: 'application/octet-stream',
  json: header,
  body: Buffer.concat([Buffer.from(header), Buffer.from(hex, 'hex')]),
});

/** A body long enough to be scanned instead of parsed. */
const LONG_DATA = Array.from({ length: 1200 }, (_, i) => (i / 16).toFixed(3)).join();

/** Where fuzzing starts from. */
export const SEEDS: readonly Seed[] = [
  text('azureml', '{"x":[[1,2.5,-3e2,0.1]]}'),
  text('azureml', '{"data": [[[1, 2], [3, 4]]]}'),
  text('azureml', '{"x":[12345678901234567890,9007199254740993]}'),
  text('azureml', '{"ids":[[1,2],[3,4]],"mask":[[1,1],[1,0]]}'),
  text('azureml', '{"__proto__":["a","\\u00e9\\n"],"constructor":[1,-128]}'),
  text('azureml', '{"x":[0.30000001192092896,1.17549435e-38,3.4028235677973366e38]}'),
  text('azureml', '{"x":[true,false]}'),
  text('oip', '{"id":"1","inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{"name":"y"}]}'),
  text(
    'oip',
    '{"inputs":[{"name":"ids","shape":[1,1],"datatype":"INT64","data":[[9007199254740993]]},{"name":"mask","shape":[1,1],"datatype":"INT64","data":[1]}]}',
  ),
  text('oip', `{"inputs":[{"name":"x","shape":[300,4],"datatype":"FP32","data":[${LONG_DATA}]}]}`),
  text('oip', `{"inputs":[{"name":"x","shape":[1200],"datatype":"FP64","data":[${LONG_DATA}],"parameters":{"data":[1]}}]}`),
  text(
    'oip',
    '{"inputs":[{"name":"__proto__","shape":[1],"datatype":"BYTES","data":["a"]},{"name":"constructor","shape":[1],"datatype":"INT8","data":[1]}]}',
  ),
  bytes('application/octet-stream', '0000803f000000400000404000008040'),
  bytes('application/octet-stream', '01000001', '?shape=2,2&output=y'),
  bytes('application/octet-stream', '003c', '?shape='),
  npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4), }\n", '0000803f000000400000404000008040'),
  npy("{'descr': '>u8', 'fortran_order': True, 'shape': (2,), }\n", '00000000000000010000000000000002'),
  npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2), }\n", '01020304'),
  oipBinary(
    '{"parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","parameters":{"binary_data_size":16}}]}',
    '0000803f000000400000404000008040',
  ),
  oipBinary(
    '{"inputs":[{"name":"__proto__","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":9}},{"name":"constructor","shape":[2],"datatype":"INT8","parameters":{"binary_data_size":2}}]}',
    '0100000061000000000102',
  ),
];

/** What parsers trip over; inserted into seeds. */
export const TOKENS: readonly string[] = [
  ...[
    '[',
    ']',
    '{',
    '}',
    '"',
    '\\',
    ',',
    ':',
    '[[',
    ']]',
    '[]',
    '{}',
    '""',
    ' ',
    '\n',
    '\0',
    '\ufeff',
    '\\u0000',
    '\\ud800',
    '//',
  ],
  ...[
    '-',
    '.',
    'e',
    'E+',
    '0',
    '00',
    '-0',
    '1e400',
    '1e-400',
    '1e22',
    '9007199254740993',
    '18446744073709551616',
    '4e-46',
    'NaN',
  ],
  ...[
    'null',
    'true',
    'false',
    '"data"',
    '"data":[',
    '"x":',
    '"__proto__":',
    '"shape":',
    '"inputs":[',
    '"parameters":{',
    '"binary_data_size":',
  ],
  ...['2147483648', '-1', '1.5', "'descr'", "'shape': (", '(0,)', "'|O'", '&shape=', '%', '%ff', '&output=y', '+', ';q=', '*/*'],
  '9'.repeat(40),
  '['.repeat(40),
];
