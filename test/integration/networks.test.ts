import * as fs from 'fs';
import * as path from 'path';
import { at, fixture, serve, stopServers } from '../scoring/support/server';
import { describeWith } from './support/requirements';
import { FloatTensor, floatsOf, readTensorProto } from './support/tensor-proto';

jest.setTimeout(180_000);

/** The folder of `<network>.onnx` and `<network>_output_0.pb`, what it is expected to answer to `inputOf` its shape. */
const FOLDER = process.env.MODEL_SERVING_TEST_NETWORKS ?? path.join(__dirname, '../../../shared/models/onnx-light');

const NETWORKS = ['bvlc_alexnet', 'densenet121', 'inception_v1', 'inception_v2', 'resnet50', 'shufflenet', 'squeezenet', 'vgg19']
  .concat('zfnet512')
  .map(network => `light_${network}`);

const networks = () => {
  const missing = NETWORKS.flatMap(network => [`${network}.onnx`, `${network}_output_0.pb`]).find(
    file => !fs.existsSync(path.join(FOLDER, file)),
  );
  return missing === undefined ? undefined : `MODEL_SERVING_TEST_NETWORKS names no folder with ${missing}`;
};

interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** A model that is served, as it describes itself. */
interface Service {
  readonly scoringUri: string;
  readonly inferUri: string;
  readonly input: TensorMetadata;
  readonly output: TensorMetadata;
}

/** Each way to ask, by name: input in, the first output out. */
const FORMS: Readonly<Record<string, (service: Service, input: FloatTensor) => Promise<FloatTensor>>> = {
  JSON: async ({ scoringUri, input: { name }, output }, { data, dims }) => {
    const answer = await post(scoringUri, JSON.stringify({ [name]: nested(data, dims) }), 'application/json');
    const values = ((await answer.json()) as Record<string, Nested>)[output.name];
    return { dims: sizesOf(values), data: Float32Array.from(flat(values)) };
  },

  'octet-stream': async ({ scoringUri, output }, { data, dims }) => {
    const type = 'application/octet-stream';
    const query = `?shape=${dims.join(',')}&output=${encodeURIComponent(output.name)}`;
    const answer = await post(`${scoringUri}${query}`, bytesOf(data), type, { accept: type });
    const shape = (answer.headers.get('x-output-shape') ?? '').split(',').map(Number);
    return { dims: shape, data: floatsOf(Buffer.from(await answer.arrayBuffer())) };
  },

  'OIP JSON': async ({ inferUri, input: { name, datatype }, output }, { data, dims }) => {
    const inputs = [{ name, datatype, shape: dims, data: [...data] }];
    const answer = await post(inferUri, JSON.stringify({ inputs, outputs: [{ name: output.name }] }), 'application/json');
    const { outputs } = (await answer.json()) as OipAnswer;
    return { dims: outputs[0].shape, data: Float32Array.from(outputs[0].data ?? []) };
  },

  'OIP binary': async ({ inferUri, input: { name, datatype }, output }, { data, dims }) => {
    const blob = bytesOf(data);
    const inputs = [{ name, datatype, shape: dims, parameters: { binary_data_size: blob.length } }];
    const outputs = [{ name: output.name, parameters: { binary_data: true } }];
    const head = Buffer.from(JSON.stringify({ inputs, outputs }));
    const headers = { 'inference-header-content-length': String(head.length) };
    const answer = await post(inferUri, Buffer.concat([head, blob]), 'application/octet-stream', headers);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const length = Number(answer.headers.get('inference-header-content-length'));
    const [{ shape }] = (JSON.parse(bytes.toString('utf8', 0, length)) as OipAnswer).outputs;
    return { dims: shape, data: floatsOf(bytes.subarray(length)) };
  },
};

interface OipAnswer {
  readonly outputs: ReadonlyArray<{ readonly shape: readonly number[]; readonly data?: readonly number[] }>;
}

type Nested = number | Nested[];

const sizesOf = (values: Nested): number[] => (Array.isArray(values) ? [values.length, ...sizesOf(values[0])] : []);

const flat = (values: Nested): number[] => (Array.isArray(values) ? values.flatMap(flat) : [values]);

/** The model of this file, served; it goes by the file's name. */
async function served(file: string): Promise<Service> {
  const server = await serve(file);
  const modelUri = at(server, `/v2/models/${path.parse(file).name}`);
  const { inputs, outputs } = (await (await fetch(modelUri)).json()) as Record<'inputs' | 'outputs', TensorMetadata[]>;
  return { scoringUri: server.scoringUri, inferUri: `${modelUri}/infer`, input: inputs[0], output: outputs[0] };
}

async function post(url: string, body: string | Buffer, type: string, headers: Record<string, string> = {}): Promise<Response> {
  const answer = await fetch(url, { method: 'POST', body, headers: { ...headers, 'content-type': type } });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  return answer;
}

/** Rising from 0 to almost 1, in the order of memory. */
function inputOf(dims: readonly number[]): FloatTensor {
  const count = dims.reduce((product, size) => product * size, 1);
  return { dims, data: Float32Array.from({ length: count }, (_, index) => index / count) };
}

function nested(data: Float32Array, dims: readonly number[]): Nested[] {
  if (dims.length <= 1) return [...data];
  const size = data.length / dims[0];
  return Array.from({ length: dims[0] }, (_, index) => nested(data.subarray(index * size, (index + 1) * size), dims.slice(1)));
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);

/** The largest error, absolute and as a share of what is tolerated: 1e-5 and a thousandth of the value. */
function errorOf({ data: actual }: FloatTensor, { data: expected }: FloatTensor): Readonly<Record<'absolute' | 'share', number>> {
  let [absolute, share] = [0, 0];
  expected.forEach((value, index) => {
    const error = Math.abs(actual[index] - value);
    // a NaN is an error, and no comparison finds it
    if (Number.isNaN(error)) [absolute, share] = [Infinity, Infinity];
    absolute = Math.max(absolute, error);
    share = Math.max(share, error / (1e-5 + 1e-3 * Math.abs(value)));
  });
  return { absolute, share };
}

afterEach(stopServers);

// their weights are constants, so each network answers the same whatever it is asked: that the input arrives is shown further down
describeWith([networks], 'well-known image networks, served as they are', () => {
  test.each(NETWORKS)('%s answers as it is expected to, in JSON and in bytes', async network => {
    const expected = readTensorProto(fs.readFileSync(path.join(FOLDER, `${network}_output_0.pb`)));
    const service = await served(path.join(FOLDER, `${network}.onnx`));
    const input = inputOf(service.input.shape);

    const line: string[] = [];
    for (const [form, ask] of Object.entries(FORMS)) {
      const answer = await ask(service, input);
      expect([form, answer.dims, answer.data.length]).toEqual([form, expected.dims, expected.data.length]);
      const { absolute, share } = errorOf(answer, expected);
      expect(share).toBeLessThanOrEqual(1);
      line.push(`${form} ${absolute.toExponential(1)} (${(share * 100).toFixed(1)} %)`);
    }
    process.stderr.write(`${network}: largest error (share of what is tolerated): ${line.join(', ')}\n`);
  });
});

describe('an image as large as they take', () => {
  test.each(Object.keys(FORMS))('comes to a model that negates it, and back, without an error in %s', async form => {
    const { dims, data } = inputOf([1, 3, 224, 224]);
    const answer = await FORMS[form](await served(fixture('any_rank')), { dims, data });

    expect([answer.dims, answer.data.length]).toEqual([dims, data.length]);
    expect(errorOf(answer, { dims, data: data.map(value => -value) }).absolute).toBe(0);
  });
});
