import { InputError, quoted, quotedList } from '../tensor/plain-tensor';
import { ModelSignature } from '../tensor/signature';

const namesOf = new WeakMap<ModelSignature, readonly string[]>();

/** All outputs that are served, in the model's order. */
export function outputNamesOf(signature: ModelSignature): readonly string[] {
  let names = namesOf.get(signature);
  if (names === undefined) namesOf.set(signature, (names = signature.outputs.map(output => output.name)));
  return names;
}

/** @throws InputError where a name is no output's, or is asked for twice: an answer is never larger than the model's own. */
export function selectedOutputs(signature: ModelSignature, asked: readonly string[]): readonly string[] {
  const known = outputNamesOf(signature);
  if (asked.length > known.length) {
    throw new InputError(
      `the request asks for ${asked.length} outputs, but this model has ${known.length}: ${quotedList(known)}`,
    );
  }
  asked.forEach((name, index) => {
    if (signature.skippedOutputs?.includes(name)) {
      throw new InputError(`the output ${quoted(name)} is no tensor and is not served; there are ${quotedList(known)}`);
    }
    if (!known.includes(name)) throw new InputError(`there is no output ${quoted(name)}; there are ${quotedList(known)}`);
    if (asked.indexOf(name) !== index) throw new InputError(`the output ${quoted(name)} is asked for twice`);
  });
  return asked;
}
