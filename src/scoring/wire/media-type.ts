export const JSON_TYPE = 'application/json';
export const RAW_TYPE = 'application/octet-stream';
export const NPY_TYPE = 'application/x-npy';

/** How an answer is written. */
export type AnswerFormat = typeof JSON_TYPE | typeof RAW_TYPE | typeof NPY_TYPE;

/** A header longer than this says nothing that we know. */
const MAX_HEADER_CHARACTERS = 4096;

/** The type of a `Content-Type`, in lower case and without parameters; empty where there is none. */
export function mediaType(header: string | undefined): string {
  if (header === undefined) return '';
  if (header === JSON_TYPE) return JSON_TYPE;
  const end = header.indexOf(';');
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
}

/**
 * What an `Accept` asks for: the type with the highest `q` that we write, the first of equals. JSON where nothing is asked for,
 * anything will do, or nothing that we write is named: Azure ML's server answers in JSON whatever it is asked.
 */
export function acceptedFormat(accept: string | undefined): AnswerFormat {
  if (accept === undefined || accept === '*/*' || accept === JSON_TYPE || accept.length > MAX_HEADER_CHARACTERS) return JSON_TYPE;
  let best: AnswerFormat = JSON_TYPE;
  let bestQuality = 0;
  for (const range of accept.split(',')) {
    const format = formatOf(mediaType(range));
    if (format === undefined) continue;
    const quality = qualityOf(range);
    if (quality > bestQuality) [best, bestQuality] = [format, quality];
  }
  return best;
}

function formatOf(type: string): AnswerFormat | undefined {
  if (type === JSON_TYPE || type === RAW_TYPE || type === NPY_TYPE) return type;
  return type === '*/*' || type === 'application/*' ? JSON_TYPE : undefined;
}

function qualityOf(range: string): number {
  const found = /;\s*q\s*=\s*([\d.]{1,6})\s*(?:;|$)/i.exec(range);
  const quality = found === null ? 1 : Number(found[1]);
  return quality >= 0 && quality <= 1 ? quality : 0;
}
