import { createServer, Server } from 'http';
import { AddressInfo } from 'net';
import { gunzipSync } from 'zlib';

export const KEY = '6f1c9ad2-0000-4000-8000-3c5ad1e9b7f0';

export interface Item {
  readonly name: string;
  readonly time: string;
  readonly iKey: string;
  readonly sampleRate: number;
  readonly tags: Record<string, string>;
  readonly data: { readonly baseType: string; readonly baseData: Record<string, any> }; // eslint-disable-line
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: (items: readonly Item[]) => unknown;
}

/** An ingestion endpoint on this machine: keeps what it is sent, and answers as it is told to. */
export class IngestionEndpoint {
  /** The items of each POST. */
  readonly posts: Item[][] = [];
  readonly heads: { readonly url?: string; readonly contentType?: string; readonly encoding?: string }[] = [];
  /** Answers for the next POSTs; after that everything is accepted. */
  answers: Answer[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const lines = gunzipSync(Buffer.concat(chunks)).toString().split('\n');
        const items = lines.map(line => JSON.parse(line) as Item);
        this.posts.push(items);
        const { 'content-type': contentType, 'content-encoding': encoding } = request.headers;
        this.heads.push({ url: request.url, contentType, encoding });
        const answer = this.answers.shift() ?? { status: 200 };
        response.writeHead(answer.status, answer.headers);
        response.end(JSON.stringify(answer.body?.(items) ?? {}));
      });
    });
  }

  static async start(): Promise<IngestionEndpoint> {
    const endpoint = new IngestionEndpoint();
    await new Promise<void>(resolve => endpoint.server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  get connectionString(): string {
    const { port } = this.server.address() as AddressInfo;
    return `InstrumentationKey=${KEY};IngestionEndpoint=http://127.0.0.1:${port}/`;
  }

  get items(): Item[] {
    return this.posts.flat();
  }

  stop(): Promise<void> {
    return new Promise(resolve => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}
