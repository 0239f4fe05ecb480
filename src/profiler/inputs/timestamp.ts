import { badRow } from './entry';

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i;

/**
 * A moment, in milliseconds: a number of them, since whenever, or ISO 8601. Without a zone it is taken for UTC, where no hour is
 * skipped or comes twice.
 *
 * @throws Unreadable naming the row
 */
export function timestampMs(value: unknown, row: number): number {
  const text = String(value).trim();
  const number = text === '' ? NaN : Number(text);
  if (Number.isFinite(number)) return number;
  const parts = ISO.exec(text);
  const moment = parts === null ? NaN : Date.parse((parts[3] ? text : `${text}Z`).replace(/[ ](?=\d)/, 'T').replace(',', '.'));
  if (Number.isNaN(moment)) throw badRow(row, `its timestamp is ${text.slice(0, 40)}; give milliseconds or ISO 8601`);
  return moment;
}
