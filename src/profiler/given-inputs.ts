import type { InputSet, ProfileInput } from './input-set';
import { requestBody } from './inputs';

/** What a program may give as inputs: a set that was read, or a list of bodies. */
export type GivenInputs = InputSet | ReadonlyArray<ProfileInput | object | string>;

/**
 * The set that a program means. In a list, text is sent as it is, an object with `body` and `contentType` is a request, and any
 * other object becomes its JSON.
 */
export function toInputSet(given: GivenInputs): InputSet {
  if ('inputs' in given) return given;
  return {
    inputs: given.map(toInput),
    synthetic: false,
    source: `${given.length} given ${given.length === 1 ? 'body' : 'bodies'}`,
  };
}

function toInput(input: ProfileInput | object | string): ProfileInput {
  const isRequest = typeof input === 'object' && 'body' in input && 'contentType' in input;
  return isRequest ? input : { body: requestBody(input) };
}
