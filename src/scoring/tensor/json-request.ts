import { DimensionSizes } from './dimensions';
import { RoundedInteger } from './element-codec';
import { JsonBody, maxJsonValues, parseJsonBody } from './json-body';
import { decodeTensor, writeTensor } from './json-tensor';
import { JsonWriter } from './json-writer';
import { inputName, InputError, NamedTensors, PlainTensor, quotedList } from './plain-tensor';
import { scanRequest } from './scan-request';
import { maxJsonDepth, ModelSignature, TensorSignature } from './signature';

const writer = new JsonWriter();

/**
 * Reads `{"<input>": nested array, …}`, or `{"data": …}` for a model with one input, against the model's signature.
 *
 * 64-bit integers are exact to their last digit, as numbers or as decimal strings.
 * @throws InputError where the body is no such JSON; its message names the input and the element.
 */
export function decodeRequest(signature: ModelSignature, body: Buffer): Map<string, PlainTensor> {
  return scanRequest(signature, body) ?? parseRequest(signature, body);
}

/** As `decodeRequest`, by way of JSON.parse. */
export function parseRequest(signature: ModelSignature, body: Buffer): Map<string, PlainTensor> {
  const json = parseJsonBody(body, { depth: maxJsonDepth(signature), values: maxJsonValues(signature) });
  const values = namedInputs(signature, json.value);
  const sizes: DimensionSizes = new Map();
  return new Map(signature.inputs.map(input => [input.name, decodeInput(input, values, signature, json, sizes)]));
}

/** Writes `{"<output>": nested array, …}`. */
export function encodeResponse(outputs: NamedTensors): string {
  return writeResponse(outputs).toString();
}

/** As `encodeResponse`, in bytes. @throws RangeError where the answer is too long for a JSON text. */
export function writeResponse(outputs: NamedTensors): Buffer {
  writer.reset();
  let separator = '{';
  for (const [name, tensor] of outputs) {
    writer.ascii(separator);
    writer.string(name);
    writer.ascii(':');
    writeTensor(writer, tensor);
    separator = ',';
  }
  writer.ascii(separator === '{' ? '{}' : '}');
  return writer.take();
}

type NamedValues = ReadonlyMap<string, unknown>;

function decodeInput(
  input: TensorSignature,
  values: NamedValues,
  signature: ModelSignature,
  json: JsonBody,
  sizes: DimensionSizes,
): PlainTensor {
  return withExactIntegers(input.name, exactly =>
    decodeTensor(input, (exactly ? namedInputs(signature, json.exactValue()) : values).get(input.name), sizes),
  );
}

/** Decodes, and once more with all digits kept where that turns out to be needed. */
export function withExactIntegers(name: string, decode: (exactly: boolean) => PlainTensor): PlainTensor {
  try {
    return decode(false);
  } catch (error) {
    if (!(error instanceof RoundedInteger)) throw error;
  }
  try {
    return decode(true);
  } catch (error) {
    // what is still a rounded number was written with an exponent or a fraction
    if (!(error instanceof RoundedInteger)) throw error;
    throw new InputError(`${inputName(name)}: integers beyond 2^53 must be written with all their digits`);
  }
}

/** The value of each input, under its name; nothing is ever looked up in the parsed object by a name that it does not own. */
function namedInputs(signature: ModelSignature, body: unknown): NamedValues {
  const names = signature.inputs.map(input => input.name);
  const wanted = `a JSON object with ${names.length === 1 ? 'the input' : 'the inputs'} ${quotedList(names)}`;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new InputError(`expected ${wanted}`);
  const entries = Object.entries(body);
  if (names.length === 1 && names[0] !== 'data' && entries.length === 1 && entries[0][0] === 'data') {
    return new Map([[names[0], entries[0][1]]]);
  }
  const values = new Map(entries);
  const unknown = [...values.keys()].filter(name => !names.includes(name));
  const missing = names.filter(name => !values.has(name));
  const faults = [
    ...(unknown.length > 0 ? [`unknown: ${quotedList(unknown.slice(0, 5))}`] : []),
    ...(missing.length > 0 ? [`missing: ${quotedList(missing)}`] : []),
  ];
  if (faults.length > 0) throw new InputError(`expected ${wanted}; ${faults.join('; ')}`);
  return values;
}
