import { writeFlatTensor } from '../tensor/json-tensor';
import { JsonWriter } from '../tensor/json-writer';
import { NamedTensors, PlainTensor } from '../tensor/plain-tensor';
import { JSON_TYPE, RAW_TYPE } from './media-type';
import { writeStrings } from './oip-bytes';
import { oipDatatype } from './oip-datatype';
import { bytesOfTensor, isFixed } from './tensor-bytes';
import { WireAnswer } from './wire-request';

/** What an answer says besides its tensors. */
export interface OipAnswerOptions {
  readonly modelName: string;
  readonly modelVersion?: string;
  /** The request's, if it had one. */
  readonly id?: string;
  /** Outputs that follow the JSON as bytes. */
  readonly binaryNames: ReadonlySet<string>;
}

const writer = new JsonWriter();

/** An inference response: JSON with flat data, and behind it the tensors that are wanted as bytes. */
export function oipAnswer(options: OipAnswerOptions, outputs: NamedTensors): WireAnswer {
  const blobs: Buffer[] = [];
  writer.reset();
  writer.ascii('{"model_name":');
  writer.string(options.modelName);
  textMember('model_version', options.modelVersion);
  textMember('id', options.id);
  writer.ascii(',"outputs":[');
  outputs.forEach(([name, tensor], index) => {
    if (index > 0) writer.ascii(',');
    writeOutput(name, tensor, options.binaryNames.has(name) ? blobs : undefined);
  });
  writer.ascii(']}');
  const json = writer.take();
  if (blobs.length === 0) return { contentType: JSON_TYPE, body: [json] };
  return {
    contentType: RAW_TYPE,
    headers: ['Inference-Header-Content-Length', String(json.length)],
    body: [json, ...blobs],
  };
}

function textMember(name: string, value: string | undefined): void {
  if (value === undefined) return;
  writer.ascii(`,"${name}":`);
  writer.string(value);
}

function writeOutput(name: string, tensor: PlainTensor, blobs: Buffer[] | undefined): void {
  writer.ascii('{"name":');
  writer.string(name);
  writer.ascii(`,"datatype":"${oipDatatype(tensor.type)}","shape":[${tensor.dims.join(',')}],`);
  if (blobs === undefined) {
    writer.ascii('"data":');
    writeFlatTensor(writer, tensor);
  } else {
    const bytes = isFixed(tensor.type) ? bytesOfTensor(tensor) : writeStrings(tensor.data as string[]);
    blobs.push(bytes);
    writer.ascii(`"parameters":{"binary_data_size":${bytes.length}}`);
  }
  writer.ascii('}');
}
