// What is asked of the servers. Workloads of one model and encoding share a start of the server.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const MODELS = {
  small: { shape: [1, 10], batchable: true },
  image: { shape: [1, 3, 224, 224], batchable: false },
  products: { shape: [1, 1024], batchable: true },
  trees: { shape: [1, 20], batchable: true },
};

export const WORKLOADS = [
  { id: 'small-c1', title: 'Small network (10→64→3), JSON, 1 client', model: 'small', encoding: 'json', clients: 1, tool: 'wrk' },
  { id: 'small-c8', title: 'Small network, JSON, 8 clients', model: 'small', encoding: 'json', clients: 8, tool: 'wrk' },
  {
    id: 'latency',
    title: 'Small network, JSON, one client that counts microseconds',
    model: 'small',
    encoding: 'json',
    clients: 1,
    tool: 'latency',
  },
  {
    id: 'image-json-c8',
    title: 'Image (1×3×224×224 → 3 means), JSON, 8 clients',
    model: 'image',
    encoding: 'json',
    clients: 8,
    tool: 'wrk',
  },
  { id: 'image-raw-c8', title: 'Image, raw float32, 8 clients', model: 'image', encoding: 'raw', clients: 8, tool: 'wrk' },
  {
    id: 'products-c16',
    title: 'Twelve chained 1024×1024 products, JSON, 16 clients',
    model: 'products',
    encoding: 'json',
    clients: 16,
    tool: 'wrk',
  },
  { id: 'products-c64', title: 'The products, JSON, 64 clients', model: 'products', encoding: 'json', clients: 64, tool: 'wrk' },
  {
    id: 'health',
    title: 'Health route while 16 clients score the products',
    model: 'products',
    encoding: 'json',
    clients: 16,
    tool: 'health',
  },
  {
    id: 'trees-c8',
    title: 'Random forest of 100 trees, JSON, 8 clients',
    model: 'trees',
    encoding: 'json',
    clients: 8,
    tool: 'wrk',
  },
];

/** Workloads that a server is started once for, in order. */
export function groups(workloads) {
  const key = ({ model, encoding }) => `${model}-${encoding}`;
  return [...new Set(workloads.map(key))].map(id => {
    const members = workloads.filter(workload => key(workload) === id);
    const [{ model, encoding }] = members;
    return { id, model, encoding, ...MODELS[model], workloads: members };
  });
}

/** The inputs of a model and the right answers, as `make_models.py` wrote them. */
export function samples(modelFolder, shape, count) {
  const inputs = floats(join(modelFolder, 'input.f32'));
  const expected = floats(join(modelFolder, 'expected.f32'));
  const inputSize = shape.reduce((a, b) => a * b);
  const outputSize = expected.length / (inputs.length / inputSize);
  return Array.from({ length: count }, (_, i) => ({
    input: inputs.subarray(i * inputSize, (i + 1) * inputSize),
    expected: expected.subarray(i * outputSize, (i + 1) * outputSize),
  }));
}

function floats(file) {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
