const REREAD_MS = 1_000;

/** Files whose content is read again when it changes. */
export interface FilePollOptions<T> {
  /** What the files hold now. */
  readonly initial: T;
  read(): Promise<T>;
  same(a: T, b: T): boolean;
  /** May throw where the content cannot be used: the earlier one then stays. */
  apply(content: T): void;
  /** Called once for each new fault, not at every reading. */
  fault(message: string): void;
}

/**
 * Reads files every second and applies what is new; what is half-written, bad or gone changes nothing.
 * Polled, because mounted secrets are swapped by links, which file events do not report everywhere.
 *
 * @returns what ends it.
 */
export function pollFiles<T>(options: FilePollOptions<T>): () => void {
  let current = options.initial;
  let lastFault = '';
  const reread = async (): Promise<void> => {
    try {
      const content = await options.read();
      if (!options.same(content, current)) {
        options.apply(content);
        current = content;
      }
      lastFault = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== lastFault) options.fault(message);
      lastFault = message;
    }
  };
  const timer = setInterval(() => void reread(), REREAD_MS).unref();
  return () => clearInterval(timer);
}
