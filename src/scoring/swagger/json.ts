import { randomUUID } from 'crypto';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** The second argument of `JSON.stringify`. */
export type JsonReplacer = (this: Record<string, unknown>, key: string, value: unknown) => unknown;

/**
 * JSON text with pieces that are JSON text already: parsed and written again, long integers of a sample would lose digits.
 */
export class JsonWriter {
  private readonly texts: string[] = [];
  /** Unknown to whoever named a tensor or wrote a sample. */
  private readonly mark = `raw-${randomUUID()}-`;

  /** Stands for the text in a document that `write` is given. */
  raw(text: string): string {
    return `${this.mark}${this.texts.push(text) - 1}`;
  }

  /** Undefined where `JSON.stringify` finds nothing to write. */
  write(document: unknown, replacer?: JsonReplacer): string | undefined {
    const text = JSON.stringify(document, replacer) as string | undefined;
    return text?.replace(new RegExp(`"${this.mark}(\\d+)"`, 'g'), (_, index: string) => this.texts[Number(index)]);
  }
}
