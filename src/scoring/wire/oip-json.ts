import { InputError } from '../tensor/plain-tensor';

/** @throws InputError unless `value` is a JSON object; `where` it stands begins the message. */
export function record(value: unknown, where: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new InputError(`${where} must be a JSON object`);
}

/** A member that the object itself has; `null` is as good as none, as several clients write what they leave out. */
export function member(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? ((object as Record<string, unknown>)[name] ?? undefined) : undefined;
}

const NO_PARAMETERS = {};

/** The `parameters` of a request, an input or an output; all that we do not know are let pass. */
export function parametersOf(object: object, where: string): object {
  const parameters = member(object, 'parameters');
  return parameters === undefined ? NO_PARAMETERS : record(parameters, `the "parameters" of ${where}`);
}
