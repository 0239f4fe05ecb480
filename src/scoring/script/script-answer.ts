import { validateHeaderName, validateHeaderValue } from 'http';
import { jsonText } from './json-text';
import { ScriptOutputError } from './script-error';

/** What a script answers with, before it is measured. */
export interface ScriptAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: readonly Buffer[];
  readonly stream?: AsyncIterable<unknown>;
}

const JSON_TYPE = 'application/json';
const BYTES_TYPE = 'application/octet-stream';
const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Headers that belong to the connection, or that the server says itself. */
const SERVER_HEADERS = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'te', 'trailer', 'upgrade', 'date'],
  ...['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id', 'x-ms-run-function-failed', 'x-ms-run-fn-exec-ms'],
]);

/** `{"message": …}`, as every failure of the service. */
export function messageAnswer(status: number, message: string): ScriptAnswer {
  return answer(status, ['content-type', JSON_TYPE], JSON.stringify({ message }));
}

/** The result of `run(input, context)`: a `Response` as it is, bytes as bytes, all else as JSON. @throws ScriptOutputError */
export function answerOf(result: unknown): ScriptAnswer {
  if (isResponse(result)) return answerOfResponse(result);
  if (isBytes(result)) return answer(200, ['content-type', BYTES_TYPE], result);
  return answer(200, ['content-type', JSON_TYPE], jsonText(result));
}

/** The result of a raw `run(request, context)`. @throws ScriptOutputError where it is no answer. */
export function answerOfRaw(result: unknown): ScriptAnswer {
  if (isResponse(result)) return answerOfResponse(result);
  const { status = 200, headers = {}, body } = checkRawResponse(result);
  return answer(checkStatus(status), headerList(headerEntries(headers)), body);
}

function answerOfResponse(response: Response): ScriptAnswer {
  if (response.bodyUsed) throw new ScriptOutputError('run returned a Response whose body has been read already.');
  return answer(checkStatus(response.status), headerList([...response.headers]), response.body ?? undefined);
}

function answer(status: number, headers: readonly string[], body: unknown): ScriptAnswer {
  if (body === undefined || body === null || status === 204 || status === 304) return { status, headers, body: [] };
  if (typeof body === 'string') return { status, headers: typed(headers, TEXT_TYPE), body: [Buffer.from(body)] };
  if (isBytes(body)) return { status, headers: typed(headers, BYTES_TYPE), body: [bytesOf(body)] };
  if (isStream(body)) return { status, headers: typed(headers, BYTES_TYPE), body: [], stream: body };
  return { status, headers: typed(headers, JSON_TYPE), body: [Buffer.from(jsonText(body))] };
}

interface UncheckedResponse {
  readonly status?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}

function checkRawResponse(result: unknown): UncheckedResponse {
  const wanted = 'a script with rawHttp returns { status, headers, body } or a Response';
  if (typeof result !== 'object' || result === null) throw new ScriptOutputError(`run returned ${typeof result}: ${wanted}.`);
  const unknown = Object.keys(result).filter(key => !['status', 'headers', 'body'].includes(key));
  const plain = !Array.isArray(result) && !isBytes(result) && !isStream(result);
  if (!plain || unknown.length > 0) {
    const keys = plain ? ` with ${unknown.slice(0, 5).join(', ')}` : '';
    throw new ScriptOutputError(`run returned an object${keys}: ${wanted}.`);
  }
  return result;
}

function checkStatus(status: unknown): number {
  if (typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new ScriptOutputError(`run returned the status ${String(status)}; it must be an integer from 200 to 599.`);
}

function headerEntries(headers: unknown): Array<[string, string]> {
  if (headers instanceof Headers) return [...headers];
  if (typeof headers !== 'object' || headers === null)
    throw new ScriptOutputError(`run returned headers that are ${typeof headers}.`);
  return Object.entries(headers as Record<string, unknown>).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each): [string, string] => [name, String(each)]),
  );
}

function headerList(entries: ReadonlyArray<readonly [string, string]>): string[] {
  return entries
    .filter(([name]) => !SERVER_HEADERS.has(name.toLowerCase()))
    .flatMap(([name, value]) => {
      try {
        validateHeaderName(name);
        validateHeaderValue(name, value);
      } catch (error) {
        throw new ScriptOutputError(`run returned a header that cannot be sent: ${(error as Error).message}`);
      }
      return [name.toLowerCase(), value];
    });
}

function typed(headers: readonly string[], contentType: string): readonly string[] {
  const known = headers.some((name, index) => index % 2 === 0 && name === 'content-type');
  return known ? headers : [...headers, 'content-type', contentType];
}

/** Also one of another implementation than the global one. */
function isResponse(value: unknown): value is Response {
  if (value instanceof Response) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.prototype.toString.call(value) === '[object Response]' && 'arrayBuffer' in value;
}

function isBytes(value: unknown): value is Uint8Array | ArrayBuffer {
  return value instanceof Uint8Array || value instanceof ArrayBuffer;
}

function bytesOf(value: Uint8Array | ArrayBuffer): Buffer {
  return value instanceof ArrayBuffer ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
