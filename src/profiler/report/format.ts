import type { ProfiledSessionOptions } from '../../sizing/profile-result';
import { describeSettings } from '../server-settings';

/** 0.423 as "42 %"; small shares keep a digit. */
export const percent = (share: number): string => {
  const value = share * 100;
  return `${Math.abs(value) >= 10 || value === 0 ? value.toFixed(0) : Number(value.toPrecision(1))} %`;
};

/** Requests a second, with as many digits as anyone can use. */
export const perSecond = (rate: number): string => (rate >= 10 ? rate.toFixed(0) : String(Number(rate.toPrecision(2))));

/** Milliseconds of CPU: three digits, since these are compared with each other. */
export const cpuMs = (value: number): string => `${Number(value.toPrecision(3))} ms`;

/** "1 request", "12 requests". */
export const count = (value: number, noun: string): string => `${value} ${noun}${value === 1 ? '' : 's'}`;

/** "2.3 times". */
export const times = (factor: number): string => `${factor >= 10 ? factor.toFixed(0) : Number(factor.toPrecision(2))} times`;

/** Seconds of a run, from milliseconds. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;

/** An amount with three digits: prices of a request are small. */
export function money(amount: number, currency = ''): string {
  const digits = amount >= 100 ? amount.toFixed(0) : String(Number(amount.toPrecision(3)));
  return currency ? `${digits} ${currency}` : digits;
}

/** "(28–35)", or nothing where there is no interval. */
export const range = (interval: readonly [number, number] | undefined): string =>
  interval ? ` (${interval.map(each => (each >= 10 ? each.toFixed(0) : each.toPrecision(2))).join('–')})` : '';

/** How the recommended server uses its size, in the words of the series. */
export const describeOptions = (options: ProfiledSessionOptions): string =>
  describeSettings({
    threads: options.intraOpNumThreads,
    spinning: options.allowSpinning,
    workers: options.workers ?? 1,
    maxBatch: options.maxBatch ?? 1,
  });

/** Four digits are more than a picture shows. */
export const tidy = (value: number): number => Number(value.toPrecision(4));

/** At most `most` of the values, evenly taken. */
export function everyNth<T>(values: readonly T[], most: number): readonly T[] {
  const step = Math.ceil(values.length / most);
  return step <= 1 ? values : values.filter((_, index) => index % step === 0);
}

/** A sentence: first letter upper case, one full stop. */
export const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;

/** At most `limit` characters, so that names of others cannot burst a drawing. */
export const shorten = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit - 1)}…`);
