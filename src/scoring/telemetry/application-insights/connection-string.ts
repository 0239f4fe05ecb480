/** Where telemetry is sent, and under which key. */
export interface IngestionTarget {
  readonly instrumentationKey: string;
  readonly trackUrl: string;
}

/** The connection string cannot be used; the message is for the operator and repeats no key. */
export class ConnectionStringError extends Error {}

const DEFAULT_ENDPOINT = 'https://dc.services.visualstudio.com';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Reads `InstrumentationKey=…;IngestionEndpoint=…`, or the bare instrumentation key that v1 used.
 *
 * @throws ConnectionStringError
 */
export function parseConnectionString(text: string): IngestionTarget {
  const fields = UUID.test(text.trim()) ? new Map([['instrumentationkey', text.trim()]]) : fieldsOf(text);
  const key = fields.get('instrumentationkey') ?? '';
  if (!UUID.test(key)) {
    throw new ConnectionStringError(
      "it holds no instrumentation key: copy it from the resource's overview page (InstrumentationKey=<UUID>;IngestionEndpoint=https://…)",
    );
  }
  return { instrumentationKey: key.toLowerCase(), trackUrl: `${endpoint(fields)}/v2.1/track` };
}

function fieldsOf(text: string): Map<string, string> {
  const pairs = text.split(';').map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  return new Map(pairs.map(([name, value]) => [name.trim().toLowerCase(), value.trim()]));
}

function endpoint(fields: ReadonlyMap<string, string>): string {
  const suffix = fields.get('endpointsuffix');
  const location = fields.get('location');
  const bySuffix = suffix && `https://${location ? `${location}.` : ''}dc.${suffix}`;
  const text = fields.get('ingestionendpoint') || bySuffix || DEFAULT_ENDPOINT;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback)) {
    return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  }
  throw new ConnectionStringError(`its ingestion endpoint is '${text.slice(0, 200)}'; it must be an https URL`);
}
