/** One request to send: the bytes as they go over the wire. */
export interface ProfileInput {
  readonly body: Buffer | string;
  /** @default 'application/json' */
  readonly contentType?: string;
  /** Further headers, such as `inference-header-content-length`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often it comes relative to others. @default 1 */
  readonly weight?: number;
}

/** What to send, and where it is from. */
export interface InputSet {
  readonly inputs: readonly ProfileInput[];
  /** Made up from the model's signature: cost that depends on values is not seen. */
  readonly synthetic: boolean;
  /** For people: "samples.json, 64 bodies". */
  readonly source: string;
  /** Arrival times of a recorded trace, milliseconds from its start, ascending; `order[i]` is the input of arrival i. */
  readonly trace?: { readonly atMs: readonly number[]; readonly order: readonly number[] };
}
