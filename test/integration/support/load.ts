import { Scored } from './digits';

/** What came of all requests: how many of each outcome. */
export interface LoadResult {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly total: number;
}

/** A light, steady load: one request after the other, ten a second at most, until it is stopped. */
export class Load {
  static start(request: () => Promise<Scored>): Load {
    return new Load(request);
  }

  private isStopped = false;
  private readonly outcomes: Record<string, number> = {};
  private total = 0;
  private readonly done: Promise<void>;

  private constructor(private readonly request: () => Promise<Scored>) {
    this.done = this.run();
  }

  async stop(): Promise<LoadResult> {
    this.isStopped = true;
    await this.done;
    return { outcomes: this.outcomes, total: this.total };
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      const outcome = await this.request().then(
        ({ status, label, body }) => (label === undefined ? `${status} ${body}` : `${status} label ${label}`),
        (error: unknown) => `${messageOf(error)} ${messageOf((error as Error).cause)}`,
      );
      this.total += 1;
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
}

/** Read by its field: an error of Node's own `fetch` is no instance of the test environment's `Error`. */
const messageOf = (error: unknown) => (error as Error | undefined)?.message ?? '';
