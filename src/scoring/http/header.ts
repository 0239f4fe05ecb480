import { IncomingMessage } from 'http';

/**
 * One header of a request, by its name in lower case. Not for `set-cookie`, which is a list.
 *
 * To V8 the same headers in another order are another kind of object, for which it compiles all functions anew that read one by a
 * fixed name. One place that reads them by names of all kinds is compiled once, whatever clients send.
 */
export function header({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  return headers[name] as string | undefined;
}
