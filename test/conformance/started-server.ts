/** A server that answers. */
export interface RunningServer {
  readonly port: number;
  /** All that it has written so far. */
  output(): string;
  stop(): Promise<void>;
}

/** What became of a start: a server, or an end with an exit code (null where a signal ended it). */
export type Start =
  | { readonly server: RunningServer; readonly output: string }
  | { readonly server?: undefined; readonly exitCode: number | null; readonly output: string };
