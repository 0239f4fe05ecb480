import { elementCodec } from './tensor/element-codec';
import { ElementType, ModelSignature, TensorSignature } from './tensor/signature';
import { createSession, InferenceSession } from './model/onnx-runtime';

export type { ElementType, ModelSignature, TensorSignature };

/** The model cannot be loaded, or nothing that it takes or gives can be served. */
export class ModelError extends Error {}

/**
 * Reads what an ONNX model takes and gives, by loading it. Needs `onnxruntime-node`.
 *
 * @throws ModelError if the file is no model that ONNX Runtime's Node binding loads, or has no tensor output.
 */
export async function readSignature(modelPath: string): Promise<ModelSignature> {
  const session = await openModel(modelPath);
  try {
    return signatureOf(session, modelPath);
  } finally {
    await session.release();
  }
}

/** Creates the session, with an error that a person understands. */
export async function openModel(...args: Parameters<typeof createSession>): Promise<InferenceSession> {
  try {
    return await createSession(...args);
  } catch (error) {
    throw new ModelError(`ONNX Runtime cannot load '${args[0]}': ${oneLine((error as Error).message)}`);
  }
}

/** @throws ModelError where an input cannot be given, or no output be fetched, as a tensor. */
export function signatureOf(session: InferenceSession, modelPath: string): ModelSignature {
  const inputs = session.inputMetadata.map(input => {
    const tensor = tensorSignature(input);
    if (tensor !== undefined) return tensor;
    throw new ModelError(
      `The model '${modelPath}' cannot be served: its input '${input.name}' is not a tensor of a type that has a JSON form.`,
    );
  });
  const outputs = session.outputMetadata.map(tensorSignature).filter(output => output !== undefined);
  const skipped = session.outputMetadata.filter(output => tensorSignature(output) === undefined).map(output => output.name);
  if (outputs.length === 0) {
    throw new ModelError(
      `The model '${modelPath}' cannot be served: none of its outputs (${skipped.join(', ')}) is a tensor; ` +
        `export it with tensor outputs (with skl2onnx: options={'zipmap': False}).`,
    );
  }
  return skipped.length === 0 ? { inputs, outputs } : { inputs, outputs, skippedOutputs: skipped };
}

function tensorSignature(metadata: InferenceSession.ValueMetadata): TensorSignature | undefined {
  if (!metadata.isTensor || elementCodec(metadata.type) === undefined) return undefined;
  // the codecs know the type: it is one of ours
  return { name: metadata.name, type: metadata.type as ElementType, shape: [...metadata.shape] };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
