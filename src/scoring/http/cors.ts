import { CallHead } from './call';
import { header } from './header';

/** `AML_CORS_ORIGINS` cannot be used; the message is for the operator. */
export class CorsError extends Error {}

type HeaderList = readonly string[];

const NONE: HeaderList = [];
/** For caches: another origin gets another answer. */
const OTHER_ORIGIN: HeaderList = ['Vary', 'Origin'];
const METHODS = ['GET', 'POST'];
const MAX_AGE_S = 3600;
/** What a page's script may read of an answer besides the body. */
const EXPOSED = [
  ...['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id', 'TraceId', 'x-ms-server-version'],
  ...['x-ms-run-function-failed', 'x-ms-run-fn-exec-ms', 'Inference-Header-Content-Length', 'Retry-After', 'WWW-Authenticate'],
].join(', ');
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+( *, *[\w!#$%&'*+.^`|~-]+)*$/;

/**
 * Cross-origin resource sharing: which pages' scripts a browser lets read our answers. Credentials of the browser (cookies) are
 * never allowed, as nothing here uses them.
 */
export class Cors {
  /**
   * Reads a comma-separated list of origins, `https://shop.example` each, or `*` for all. A bare host name is taken as its https
   * origin. An empty list allows none.
   *
   * @throws CorsError naming every entry that is no origin.
   */
  static parse(origins: string): Cors {
    const entries = origins
      .split(',')
      .map(entry => entry.trim())
      .filter(entry => entry !== '');
    const faults = entries.filter(entry => entry !== '*').flatMap(originFault);
    if (faults.length > 0) throw new CorsError(faults.join('\n'));
    return new Cors(entries.includes('*') ? '*' : entries.flatMap(spellings));
  }

  private readonly everyone?: HeaderList;
  private readonly byOrigin: ReadonlyMap<string, HeaderList>;

  private constructor(origins: '*' | readonly string[]) {
    this.everyone = origins === '*' ? allow('*') : undefined;
    this.byOrigin = new Map(origins === '*' ? [] : origins.map(origin => [origin, [...allow(origin), ...OTHER_ORIGIN]]));
  }

  /** Names and values in turn, for an answer of any status. */
  headersFor(request: CallHead): HeaderList {
    const origin = header(request, 'origin');
    if (origin === undefined) return NONE;
    return this.everyone ?? this.byOrigin.get(origin) ?? OTHER_ORIGIN;
  }

  /** The same for the question that a browser asks before the request; undefined where this is none. It is answered 200. */
  preflight(request: CallHead): HeaderList | undefined {
    const { origin, 'access-control-request-method': method, 'access-control-request-headers': names } = request.headers;
    if (request.method !== 'OPTIONS' || origin === undefined || method === undefined) return undefined;
    const common = this.headersFor(request);
    if (common === OTHER_ORIGIN || !METHODS.includes(method.toUpperCase())) return common;
    const all = [...common, 'Access-Control-Allow-Methods', METHODS.join(', '), 'Access-Control-Max-Age', String(MAX_AGE_S)];
    if (names !== undefined && HEADER_NAMES.test(names)) all.push('Access-Control-Allow-Headers', sorted(names));
    return all;
  }
}

function allow(origin: string): HeaderList {
  return ['Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', EXPOSED];
}

function sorted(names: string): string {
  return names
    .split(',')
    .map(name => name.trim())
    .sort()
    .join(', ');
}

/** Azure ML's documentation lists bare hosts, which no browser sends: its secure origin is what is meant. */
function spellings(entry: string): string[] {
  return entry.includes('://') ? [entry] : [entry, `https://${entry}`];
}

function originFault(entry: string): string[] {
  const origin = entry.includes('://') ? entry : `https://${entry}`;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (entry.includes('*') || entry === 'null' || url === undefined || url.host === '') {
    return [`'${entry}' is no origin: list exact ones, such as https://shop.example, or * alone for all.`];
  }
  const exact = `${url.protocol}//${url.host}`;
  return exact === origin ? [] : [`'${entry}' is not what a browser sends as its origin: write '${exact}'.`];
}
