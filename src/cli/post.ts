import { CommandFailure, EXIT, usageFailure } from './failure';

/** Where requests go and how. */
export interface Endpoint {
  /** http or https. */
  readonly url: string;
  readonly key?: string;
  /** Milliseconds that one answer may take. */
  readonly timeoutMs: number;
}

/**
 * The scoring URI that was meant: a service's bare address gets `/score`.
 *
 * @throws CommandFailure if it is no http or https URL
 */
export function parseScoringUri(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usageFailure(
      `"${text}" is not an http or https URL`,
      'give the scoring URI that serve printed, such as http://127.0.0.1:5001/score',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw usageFailure(
      'the URL holds a user name or password, and a key is sent in a header',
      'give the key with MODEL_SERVING_KEY or --key',
    );
  }
  if (url.pathname === '/') url.pathname = '/score';
  return url.href;
}

/**
 * Posts one request body and returns the answer's text.
 *
 * @throws CommandFailure where nothing answers (exit code 4) or the service refuses (exit code 1)
 */
export async function post(endpoint: Endpoint, body: string, which: string): Promise<string> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (endpoint.key !== undefined) headers.authorization = `Bearer ${endpoint.key}`;
  let response: Response;
  let text: string;
  try {
    const signal = AbortSignal.timeout(endpoint.timeoutMs);
    // a redirect could carry the key to another host
    response = await fetch(endpoint.url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    text = await response.text();
  } catch (error) {
    throw unreachable(endpoint, error as Error);
  }
  if (!response.ok) throw refused(endpoint, response.status, text, which);
  return text;
}

function unreachable({ url, timeoutMs }: Endpoint, error: Error): CommandFailure {
  if (error.name === 'TimeoutError') {
    return new CommandFailure(
      'TIMEOUT',
      `${url} did not answer within ${timeoutMs / 1000} s`,
      'give it longer with --timeout, or look at its log',
      EXIT.unreachable,
    );
  }
  const cause = error.cause instanceof Error ? error.cause : error;
  const reason = (cause as NodeJS.ErrnoException).code ?? cause.message;
  return new CommandFailure(
    'UNREACHABLE',
    `${url} cannot be reached (${reason})`,
    'check the address and that the service runs; start one with: model-serving serve <model>',
    EXIT.unreachable,
  );
}

function refused({ url, key }: Endpoint, status: number, answer: string, which: string): CommandFailure {
  const said = messageOf(answer);
  if (status === 401) {
    const problem =
      key === undefined ? `${url} asks for a key (401), and none was given` : `${url} does not accept the key (401)`;
    return new CommandFailure(
      'UNAUTHORIZED',
      problem,
      'set MODEL_SERVING_KEY, or give --key, with the key that serve printed or the service holds',
    );
  }
  return new CommandFailure(`HTTP_${status}`, `${which} was answered ${status}${said && `: ${said}`}`, fixOf(status, url));
}

function fixOf(status: number, url: string): string {
  if (status === 400) return `make the body fit the model; ${new URL('swagger.json', url).href} shows an example`;
  if (status === 404 || status === 405) return 'check the path of the scoring URI: it usually ends in /score';
  if (status === 413) return "send fewer rows at a time, or raise the service's body limit";
  if (status === 429 || status === 503) return 'the service is busy or starting: try again, or give it more instances';
  if (status >= 300 && status < 400) return 'give the address that it redirects to: a key is not sent along a redirect';
  return "look at the service's log";
}

/** The `message` of an error body in Azure ML's form, else the start of the text; on one line. */
function messageOf(answer: string): string {
  let text = answer;
  try {
    const { message } = JSON.parse(answer) as { message?: unknown };
    if (typeof message === 'string') text = message;
  } catch {
    // not JSON: some proxy's page
  }
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}
