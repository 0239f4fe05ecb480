import * as fc from 'fast-check';
import { decodeWire } from '../../../src/scoring/wire/decode';
import { DecodedRequest, WireRequest } from '../../../src/scoring/wire/wire-request';
import { OipDocument, parseOip, scanOip } from '../../../src/scoring/wire/oip-document';
import { readOipInputs } from '../../../src/scoring/wire/oip-inputs';
import { parseRequest } from '../../../src/scoring/tensor/json-request';
import { InputError, PlainTensor } from '../../../src/scoring/tensor/plain-tensor';
import { scanRequest } from '../../../src/scoring/tensor/scan-request';
import { ModelSignature } from '../../../src/scoring/tensor/signature';
import { elementCodec } from '../../../src/scoring/tensor/element-codec';
import { elementCount } from '../../../src/scoring/tensor/dimensions';
import { Seed, MODELS, SEEDS, TOKENS } from './corpus';

/** `FUZZ_SECONDS=600 npx jest --selectProjects unit test/scoring/fuzz` runs for ten minutes, with other seeds each time. */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 5);
const TARGETS = 5;
const FOR = {
  numRuns: Infinity,
  interruptAfterTimeLimit: (SECONDS * 1000) / TARGETS,
  markInterruptAsFailure: false,
};
/** A body of a few KiB takes well below a millisecond: this is a hang, on any machine. */
const HANG_MS = 5000;

/** One change of a body: bytes taken away, put in, doubled or turned. */
interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: Buffer;
}

const insertions = fc.oneof(
  fc.constantFrom(...TOKENS).map(token => Buffer.from(token)),
  fc.uint8Array({ maxLength: 8 }).map(bytes => Buffer.from(bytes)),
  fc.integer({ min: 0, max: 300 }).map(count => Buffer.from('[0,'.repeat(count))),
);
const edits: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.oneof(fc.constant(0), fc.nat({ max: 4 }), fc.nat({ max: 64 })),
  insert: fc.oneof(fc.constant(Buffer.alloc(0)), insertions),
});
const mutations = (seeds: fc.Arbitrary<Seed>) =>
  fc.tuple(seeds, fc.array(edits, { minLength: 0, maxLength: 4 })).map(([seed, changes]) => ({
    ...seed,
    body: changes.reduce(edited, seed.body),
  }));
const mutated = mutations(fc.constantFrom(...SEEDS));
const headers = fc.oneof(
  fc.string(),
  fc.constantFrom(...TOKENS),
  fc.constantFrom('application/x-npy', 'application/octet-stream;q=0.9, */*'),
);
const queries = fc
  .array(
    fc.oneof(fc.constantFrom('shape=', 'output=', 'y', '1', ',', '&', '2,2', '=', '%'), fc.constantFrom(...TOKENS), fc.string()),
    { maxLength: 6 },
  )
  .map(parts => `?${parts.join('')}`);
const models = fc.constantFrom(...MODELS);
/** Right most times, for else nothing behind the JSON is ever read. */
const jsonLengths = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.oneof(fc.integer().map(String), fc.string()) },
);

function edited(body: Buffer, { at, remove, insert }: Edit): Buffer {
  const start = Math.floor(at * body.length);
  return Buffer.concat([body.subarray(0, start), insert, body.subarray(start + remove)]);
}

/** Decodes, answers with outputs of the model, and decodes nothing worse than a refusal. */
function survive(signature: ModelSignature, request: WireRequest): void {
  const begin = performance.now();
  const decoded = accepted(signature, request);
  if (decoded !== undefined) {
    for (const [name, tensor] of decoded.inputs) checkTensor(signature, name, tensor);
    decoded.encode(decoded.outputNames.map(name => [name, sampleOutput(signature, name)] as const));
  }
  if (performance.now() - begin > HANG_MS) throw new Error(`took ${performance.now() - begin} ms`);
}

function accepted(signature: ModelSignature, request: WireRequest): DecodedRequest | undefined {
  try {
    return decodeWire(signature, request);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (![400, 406, 413, 415].includes(error.status) || error.message === '') throw new Error(`refused with ${error.status}`);
    return undefined;
  }
}

/** What ONNX Runtime may be given: the input's type, a shape that fits, and exactly as many elements. */
function checkTensor(signature: ModelSignature, name: string, { type, data, dims }: PlainTensor): void {
  const input = signature.inputs.find(candidate => candidate.name === name);
  if (input === undefined || input.type !== type || data.length !== elementCount(dims))
    throw new Error('a tensor that is no input');
  if (input.shape.length > 0 && input.shape.length !== dims.length) throw new Error('a tensor of another rank');
  if (input.shape.some((size, i) => typeof size === 'number' && size !== dims[i])) throw new Error('a tensor of another size');
}

function sampleOutput(signature: ModelSignature, name: string): PlainTensor {
  const type = signature.outputs.find(output => output.name === name)?.type ?? 'float32';
  return { type, dims: [2], data: elementCodec(type)?.allocate(2) ?? [] };
}

function requestOf({ json, ...seed }: Seed, more: Partial<WireRequest> = {}): WireRequest {
  const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
  return { modelName: 'm', jsonBytes: json === undefined ? undefined : String(json.length), ...seed, ...given };
}

jest.setTimeout(SECONDS * 1000 + 60_000);

describe('whatever is sent', () => {
  test('every seed is accepted by a model', () => {
    const refused = SEEDS.filter(seed => !MODELS.some(signature => accepted(signature, requestOf(seed)) !== undefined));

    expect(refused).toEqual([]);
  });

  test('varied requests are answered or refused', () => {
    fc.assert(
      fc.property(models, mutated, jsonLengths, (signature, seed, jsonBytes) => {
        survive(signature, requestOf(seed, { jsonBytes }));
      }),
      FOR,
    );
  });

  test('any bytes under any headers are answered or refused', () => {
    const envelopes = fc.record({
      protocol: fc.constantFrom('azureml' as const, 'oip' as const),
      contentType: fc.option(headers, { nil: undefined }),
      accept: fc.option(headers, { nil: undefined }),
      query: fc.option(queries, { nil: undefined }),
      body: fc.oneof(
        fc.uint8Array({ maxLength: 64 }).map(bytes => Buffer.from(bytes)),
        fc.array(insertions, { maxLength: 12 }).map(parts => Buffer.concat(parts)),
      ),
    });
    fc.assert(
      fc.property(models, envelopes, jsonLengths, (signature, seed, jsonBytes) =>
        survive(signature, requestOf(seed, { jsonBytes })),
      ),
      FOR,
    );
  });

  test('queries and accepted types are answered or refused', () => {
    const binary = SEEDS.filter(seed => seed.protocol === 'azureml');
    fc.assert(
      fc.property(models, fc.constantFrom(...binary), queries, headers, (signature, seed, query, accept) => {
        survive(signature, requestOf(seed, { query, accept }));
      }),
      FOR,
    );
  });

  test('what is scanned is what JSON.parse reads', () => {
    fc.assert(
      fc.property(models, mutated, (signature, { body }) => {
        const scanned = scanRequest(signature, body);
        if (scanned !== undefined) expect(scanned).toEqual(parseRequest(signature, body));
      }),
      FOR,
    );
  });

  test('what is scanned in the Open Inference Protocol is what JSON.parse reads', () => {
    const oip = mutations(fc.constantFrom(...SEEDS.filter(seed => seed.protocol === 'oip' && seed.json === undefined)));
    fc.assert(
      fc.property(models, oip, (signature, { body }) => {
        const scanned = inputsOf(signature, () => scanOip(signature, body));
        if (scanned instanceof Map) expect(inputsOf(signature, () => parseOip(signature, body))).toEqual(scanned);
      }),
      FOR,
    );
  });
});

function inputsOf(signature: ModelSignature, read: () => OipDocument | undefined): Map<string, PlainTensor> | string | undefined {
  try {
    const document = read();
    const inputs = document && readOipInputs(signature, document);
    return document?.allTaken() ? inputs : undefined;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}
