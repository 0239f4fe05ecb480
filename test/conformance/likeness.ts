import { isDeepStrictEqual } from 'util';
import { Answer } from './send';

/** Headers that belong to the connection or the moment, or that say what the body shows. */
const INCIDENTAL = new Set([
  'content-length',
  'connection',
  'keep-alive',
  'date',
  'server',
  'vary',
  'allow',
  'access-control-expose-headers',
  'access-control-max-age',
]);
/** What rows of their own are about. */
const ELSEWHERE = new Set(['x-ms-server-version']);
/** Given where the caller sent none, and so never twice the same. */
const VOLATILE = new Set(['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id', 'x-ms-run-fn-exec-ms']);

/** Every way in which two answers differ beyond what an expectation looks at: other bytes, where it is not JSON, other headers. */
export function unlikenesses(theirs: Answer, ours: Answer): string[] {
  const faults = isDeepStrictEqual(content(theirs), content(ours))
    ? []
    : [`body ${ours.body.toString()}, Azure ML's server answers ${theirs.body.toString()}`];
  const [wanted, found] = [comparable(theirs), comparable(ours)];
  const missing = wanted.filter(header => !found.includes(header));
  const more = found.filter(header => !wanted.includes(header));
  if (missing.length > 0) faults.push(`Azure ML's server answers ${missing.join(', ')}`);
  if (more.length > 0) faults.push(`Azure ML's server does not answer ${more.join(', ')}`);
  return faults;
}

function comparable({ headers }: Answer): string[] {
  return headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !INCIDENTAL.has(name) && !ELSEWHERE.has(name))
    .map(([name, value]) => (VOLATILE.has(name) ? name : `${name}: ${value}`))
    .sort();
}

function content({ headers, body }: Answer): unknown {
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (type !== 'application/json') return body;
  try {
    return JSON.parse(body.toString());
  } catch {
    return body;
  }
}
