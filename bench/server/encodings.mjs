// How each protocol wants its tensors. An endpoint is `{ path, contentType, headers?, body(values, shape) }`.

const JSON_TYPE = 'application/json';

/** Nested arrays under one key: `{"data": [[…]]}`. */
export const nestedJson = (path, key = 'data') => ({
  path,
  contentType: JSON_TYPE,
  body: (values, shape) => Buffer.from(JSON.stringify({ [key]: nested(Array.from(values), shape) })),
});

/** Open Inference Protocol v2, flat. */
export const openInference = path => ({
  path,
  contentType: JSON_TYPE,
  body: (values, shape) =>
    Buffer.from(JSON.stringify({ inputs: [{ name: 'data', shape, datatype: 'FP32', data: Array.from(values) }] })),
});

/** The same with its binary extension: a JSON head, then the bytes. */
export const openInferenceBinary = (path, shape) => {
  const binarySize = 4 * shape.reduce((a, b) => a * b);
  const input = { name: 'data', shape, datatype: 'FP32', parameters: { binary_data_size: binarySize } };
  const head = Buffer.from(JSON.stringify({ id: 'bench', inputs: [input] }));
  return {
    path,
    contentType: 'application/octet-stream',
    headers: { 'Inference-Header-Content-Length': String(head.length) },
    body: values => Buffer.concat([head, bytes(values)]),
  };
};

export const rawBytes = path => ({ path, contentType: 'application/octet-stream', body: values => bytes(values) });

/** All numbers of the answer's tensors, whatever they are wrapped in. */
export function answerNumbers(text) {
  const answer = JSON.parse(text);
  const tensors = answer.outputs?.map(output => output.data) ?? answer.predictions ?? answer.result ?? answer;
  return numbers(tensors);
}

function numbers(value) {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbers) : [];
}

function bytes(values) {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function nested(flat, [, ...inner]) {
  if (inner.length === 0) return flat;
  const size = inner.reduce((a, b) => a * b);
  return Array.from({ length: flat.length / size }, (_, i) => nested(flat.slice(i * size, (i + 1) * size), inner));
}
