import { interrupted, ProfileError } from './errors';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * What must not outlive the profile: processes, control groups, containers. Undone in reverse order, synchronously, on the normal way
 * out, on an error, on Ctrl-C and on `process.exit`.
 */
export class Cleanup {
  private readonly undo: Array<() => void> = [];
  private signalled = false;
  private readonly onSignal = (signal: NodeJS.Signals) => {
    this.signalled = true;
    const othersDecide = process.listenerCount(signal) > 1;
    this.run();
    // as if nobody had listened, unless somebody else does
    if (!othersDecide) process.kill(process.pid, signal);
  };
  private readonly onExit = () => this.run();

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.onSignal);
    process.on('exit', this.onExit);
  }

  /** Registers what undoes something; the returned function does it now and only once. */
  add(undo: () => void): () => void {
    const once = () => {
      const index = this.undo.indexOf(once);
      if (index < 0) return;
      this.undo.splice(index, 1);
      undo();
    };
    this.undo.push(once);
    return once;
  }

  /** The error that a failure after a signal really is. */
  explain(error: unknown): unknown {
    return this.signalled && !(error instanceof ProfileError && error.code === 'INTERRUPTED') ? interrupted() : error;
  }

  /** Undoes everything and stops listening. */
  run(): void {
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
    process.off('exit', this.onExit);
    for (const once of [...this.undo].reverse()) {
      try {
        once();
      } catch {
        // one thing that cannot be undone must not keep the others
      }
    }
  }
}
