import { ChildProcess, fork } from 'child_process';
import { Server } from 'net';
import { FromSibling, SIBLING_ARGUMENT, ToSibling } from './protocol';

/** A scrape that takes longer gets what the last one got. Milliseconds. */
const METRICS_MS = 1_000;

/** One more front, in a process of its own. */
export class SiblingProcess {
  /** Resolves when it has ended, with what ended it. */
  readonly gone: Promise<string>;
  /** Since when it takes connections; undefined before. */
  listeningSince?: number;

  /** Its metrics as Prometheus text, when it was last asked for them. */
  lastMetrics?: string;

  private readonly child: ChildProcess;
  private readonly scrapes = new Map<number, () => void>();
  private lastScrape = 0;

  /** @param listener a socket that listens: both take connections from it, once this one can score. */
  constructor(
    program: string,
    private readonly listener: Server,
    private readonly onListening: () => void,
  ) {
    this.child = fork(program, [SIBLING_ARGUMENT], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.gone = new Promise(resolve => {
      this.child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      this.child.once('error', error => resolve(error.message));
    });
    void this.gone.then(() => this.scrapes.forEach(settle => settle()));
    this.child.on('message', (message: FromSibling) => this.take(message));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Asks for `lastMetrics`; resolves when they are there, or it has ended or does not answer in time. */
  scrape(): Promise<void> {
    if (!this.child.connected || this.listeningSince === undefined) return Promise.resolve();
    const id = ++this.lastScrape;
    return new Promise(resolve => {
      const settle = (): void => {
        this.scrapes.delete(id);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(settle, METRICS_MS);
      this.scrapes.set(id, settle);
      this.say({ type: 'metrics', id });
    });
  }

  /** Asks it to answer what has begun, and to end. */
  stop(): void {
    this.say({ type: 'stop' });
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private take(message: FromSibling): void {
    if (message.type === 'loaded') return this.join();
    if (message.type === 'metrics') {
      this.lastMetrics = message.text;
      return this.scrapes.get(message.id)?.();
    }
    this.listeningSince = performance.now();
    this.onListening();
  }

  private join(): void {
    // it may have loaded while the server was being stopped
    if (this.listener.listening) this.say({ type: 'listen' }, this.listener);
  }

  private say(message: ToSibling, handle?: Server): void {
    if (!this.child.connected) return;
    // its exit says the rest
    this.child.send(message, handle, () => undefined);
  }
}
