import type { InputSet, ProfileInput } from '../input-set';
import { Entry, Unreadable } from './entry';

/**
 * Requests with their times as a recording: bodies that came several times are kept once, weighted by how often they came.
 * Logs are written when a request ends, so they need not be in order of arrival.
 *
 * @throws Unreadable where it has no two arrivals at different times
 */
export function recording(entries: readonly Entry[]): Pick<InputSet, 'inputs'> & Required<Pick<InputSet, 'trace'>> {
  const arrivals = [...entries].sort((a, b) => timeOf(a) - timeOf(b));
  const start = timeOf(arrivals[0]);
  const atMs = arrivals.map(arrival => timeOf(arrival) - start);
  if (!(atMs[atMs.length - 1] > 0)) throw new Unreadable('a recording needs at least two requests at different times');
  const kept = new Map<string, { readonly index: number; readonly input: ProfileInput; times: number }>();
  const order = arrivals.map(({ body }) => {
    const key = String(body);
    const known = kept.get(key) ?? { index: kept.size, input: { body }, times: 0 };
    known.times++;
    kept.set(key, known);
    return known.index;
  });
  const inputs = [...kept.values()].map(({ input, times }) => ({ ...input, weight: times }));
  return { inputs, trace: { atMs, order } };
}

const timeOf = ({ atMs = 0 }: Entry): number => atMs;
