/** What is collected, and where to. */
export interface DataCollectionSettings {
  /** `https://<account>.blob.core.windows.net/<container>`, without a token. */
  readonly containerUrl: string;
  /** Only for a local emulator; elsewhere the managed identity is used. */
  readonly connectionString?: string;
  /** v1's tables, or the newer JSON lines of CloudEvents. */
  readonly format: 'csv' | 'jsonl';
  /** Share of the requests, 0 to 1. */
  readonly sampleRate: number;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspaceName: string;
  readonly serviceName: string;
  /** Names this replica. */
  readonly instance: string;
  /**
   * Milliseconds that a record may wait before it is written.
   * @default 15000
   */
  readonly flushMs?: number;
}
