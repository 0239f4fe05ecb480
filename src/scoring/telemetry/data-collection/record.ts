import { isUtf8 } from 'buffer';
import { keptBytes } from '../kept-bytes';

/** One body, as it is collected. */
export interface CollectedRecord {
  readonly modelName: string;
  readonly modelVersion: string;
  /** `inputs`, `predictions` or what a script calls it. */
  readonly designation: string;
  readonly time: Date;
  readonly requestId: string;
  readonly correlationId: string;
  /** Without its query. */
  readonly path?: string;
  readonly method?: string;
  readonly content: Content;
}

/** As much of a body as is kept. */
export interface Content {
  /** Empty where the body is no text. */
  readonly text: Buffer;
  /** Of the whole body. */
  readonly bytes: number;
  readonly type?: string;
  /** What is missing, if anything is. */
  readonly note?: 'truncated' | 'binary';
}

/** Of a longer body the beginning is kept. */
export const MAX_CONTENT_BYTES = 256 * 1024;

const TEXT_TYPES = /^(text\/|application\/(.*\+)?json\b|application\/x-www-form-urlencoded\b)/i;
const NOTHING = Buffer.alloc(0);

/** Keeps what can be kept of a body. */
export function contentOf(body: Buffer, type: string | undefined): Content {
  const bytes = body.length;
  if (type !== undefined && !TEXT_TYPES.test(type)) return { text: NOTHING, bytes, type, note: 'binary' };
  return { text: keptBytes(body, MAX_CONTENT_BYTES), bytes, type, note: bytes > MAX_CONTENT_BYTES ? 'truncated' : undefined };
}

/** A content's data: what its JSON says, else its text; undefined where the bytes are none. */
export function dataOf({ text, note }: Content): { readonly value: unknown; readonly json: boolean } | undefined {
  if (note === 'binary') return undefined;
  if (note === 'truncated') return { value: text.toString().replace(/\ufffd+$/, ''), json: false };
  if (!isUtf8(text)) return undefined;
  const string = text.toString();
  try {
    return { value: JSON.parse(string), json: true };
  } catch {
    return { value: string, json: false };
  }
}
