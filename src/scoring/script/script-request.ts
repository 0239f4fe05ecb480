import { HeaderValues, ScoreRequest } from '../engine/engine';
import { queryAsJson } from '../http/query-input';
import { RawRequest } from './entry-script';
import { parseJsonBody } from './json-body';
import { faultOf, SampleSchema } from './sample-schema';
import { ScriptInputError } from './script-error';

/**
 * What `run` is given: the query of a GET as an object, the JSON body of a POST.
 *
 * @throws ScriptInputError where it is not JSON, or not like the declared sample.
 */
export function scriptInput(request: ScoreRequest, declared: SampleSchema | undefined): unknown {
  const input: unknown =
    request.method === 'GET' ? JSON.parse(queryAsJson(request.query)) : jsonOf(request, declared !== undefined);
  const fault = declared === undefined ? undefined : faultOf(declared, input, 'input');
  if (fault !== undefined) throw new ScriptInputError(400, `The input is not like the declared sample: ${fault}.`);
  return input;
}

/** As Azure ML's server has it, the content type matters only where an input is declared; one that is not sent is JSON. */
function jsonOf(request: ScoreRequest, declared: boolean): unknown {
  const contentType = request.headers['content-type'];
  if (declared && typeof contentType === 'string' && !isJson(contentType) && !isUnsaid(contentType)) {
    throw new ScriptInputError(415, 'Expects Content-Type to be application/json');
  }
  return parseJsonBody(bodyOf(request));
}

function isJson(contentType: string): boolean {
  return /^application\/([^\s;/]+\+)?json\s*(;|$)/i.test(contentType.trim());
}

/** `curl -d` calls whatever it sends a form. */
function isUnsaid(contentType: string): boolean {
  return /^\s*(application\/x-www-form-urlencoded\s*(;|$)|$)/i.test(contentType);
}

/** The request as it came. */
export function rawRequest(request: ScoreRequest): RawRequest {
  const { method, path, query, headers } = request;
  const body = bodyOf(request);
  return {
    method,
    url: path + query,
    path,
    query: new URLSearchParams(query),
    headers,
    body,
    json: () => parseJsonBody(body),
  };
}

function bodyOf({ body }: ScoreRequest): Buffer {
  return body.length === 1 ? body[0] : Buffer.concat(body);
}

/** A header that is sent once. */
export function singleHeader(headers: HeaderValues, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}
