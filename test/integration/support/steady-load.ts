import { Agent, request } from 'http';

/** A request and the answer that is right for it. */
export interface KnownScore {
  readonly body: string;
  readonly expected: (answer: unknown) => boolean;
}

/** How many requests ended how: `ok`, `wrong`, `<status> <message>` where the server said why not, or `lost <error code>`. */
export type Outcomes = Readonly<Record<string, number>>;

export interface SteadyLoadOptions {
  readonly url: string;
  readonly scores: readonly KnownScore[];
  readonly clients: number;
  /** Asked before each request. */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Ends by itself after so many requests. */
  readonly requests?: number;
}

const running = new Set<SteadyLoad>();

/** Clients that each send one request after the other, on connections that are kept, and judge every answer. */
export class SteadyLoad {
  static start(options: SteadyLoadOptions): SteadyLoad {
    const load = new SteadyLoad(options);
    running.add(load);
    return load;
  }

  /** Also those that a test which failed has left behind. */
  static async stopAll(): Promise<void> {
    await Promise.all([...running].map(load => load.stop()));
  }

  /** Settles when all clients are done. */
  readonly done: Promise<Outcomes>;
  private readonly agent: Agent;
  private readonly outcomes: Record<string, number> = {};
  private sent = 0;
  private stopped = false;

  private constructor(private readonly options: SteadyLoadOptions) {
    this.agent = new Agent({ keepAlive: true, maxSockets: options.clients });
    this.done = Promise.all(Array.from({ length: options.clients }, () => this.client())).then(() => {
      this.agent.destroy();
      running.delete(this);
      return this.outcomes;
    });
  }

  get answered(): number {
    return Object.values(this.outcomes).reduce((sum, count) => sum + count, 0);
  }

  stop(): Promise<Outcomes> {
    this.stopped = true;
    return this.done;
  }

  private async client(): Promise<void> {
    const { scores, requests = Infinity } = this.options;
    while (!this.stopped && this.sent < requests) {
      const outcome = await this.send(scores[this.sent++ % scores.length]);
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
      if (outcome.startsWith('lost')) await new Promise(resolve => setTimeout(resolve, 10));
    }
  }

  private send({ body, expected }: KnownScore): Promise<string> {
    return new Promise(resolve => {
      const headers = { ...this.options.headers?.(), 'content-length': Buffer.byteLength(body) };
      const sent = request(this.options.url, { method: 'POST', agent: this.agent, headers }, response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('aborted', () => resolve('lost in the answer'));
        response.once('end', () => resolve(judge(response.statusCode ?? 0, Buffer.concat(chunks).toString(), expected)));
      });
      sent.once('error', (error: NodeJS.ErrnoException) => resolve(`lost ${error.code ?? error.message}`));
      sent.end(body);
    });
  }
}

function judge(status: number, text: string, expected: (answer: unknown) => boolean): string {
  const answer = parsed(text);
  if (status === 200) return expected(answer) ? 'ok' : 'wrong';
  const message = (answer as { readonly message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? `${status} ${message}` : `wrong: ${status} without a reason`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
