import { ChildProcess, fork } from 'child_process';
import { Cleanup } from './cleanup';
import type { ProfileInput } from './input-set';
import type { LoadJob, LoadResult } from './load-generator';
import type { GeneratorReply, GeneratorRequest } from './load-generator-main';

interface Waiting {
  readonly resolve: (result: LoadResult) => void;
  readonly reject: (error: Error) => void;
}

/** The load generator in a process of its own, so that it neither waits for the server nor shares its CPU accounting. */
export class LoadClient {
  private readonly waiting = new Map<number, Waiting>();
  private readonly forget: () => void;
  private jobs = 0;

  /** @param inputs sent once, at the start; jobs name them by index */
  static start(program: string, inputs: readonly ProfileInput[], cleanup: Cleanup): LoadClient {
    // its own process group: a Ctrl-C reaches the profiler alone, which then ends everything in order
    const child = fork(program, [], { serialization: 'advanced', detached: process.platform !== 'win32', execArgv: [] });
    const client = new LoadClient(child, cleanup);
    client.send({ inputs });
    return client;
  }

  private constructor(
    private readonly child: ChildProcess,
    cleanup: Cleanup,
  ) {
    this.forget = cleanup.add(() => child.kill('SIGKILL'));
    child.on('message', (reply: GeneratorReply) => this.settle(reply));
    child.on('exit', () => {
      for (const { reject } of this.waiting.values()) reject(new Error('the load generator ended'));
      this.waiting.clear();
    });
  }

  run(job: LoadJob): Promise<LoadResult> {
    const id = ++this.jobs;
    return new Promise((resolve, reject) => {
      if (!this.child.connected) return reject(new Error('the load generator ended'));
      this.waiting.set(id, { resolve, reject });
      this.send({ id, job });
    });
  }

  stop(): void {
    this.forget();
  }

  private send(request: GeneratorRequest): void {
    if (this.child.connected) this.child.send(request);
  }

  private settle(reply: GeneratorReply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if ('result' in reply) waiting?.resolve(reply.result);
    else waiting?.reject(new Error(reply.error));
  }
}
