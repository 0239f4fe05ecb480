import { PassThrough } from 'stream';
import { barOf, later, ProgressDisplay } from '../../src/cli/profile/progress-display';
import { Terminal } from '../../src/cli/terminal';
import { ProgressEvent } from '../../src/profiler/progress';

const event = (changes: Partial<ProgressEvent> = {}): ProgressEvent => ({
  phase: 'measure',
  message: 'measuring with 1 thread',
  done: 0.25,
  elapsedSeconds: 10,
  remainingSeconds: 30,
  ...changes,
});

/** A terminal, and all that was written to it. */
function terminal({ isTTY, json = false }: { isTTY: boolean; json?: boolean }): { terminal: Terminal; written: () => string } {
  const err = Object.assign(new PassThrough(), { isTTY, columns: 200 });
  let text = '';
  err.on('data', chunk => (text += chunk));
  return { terminal: new Terminal(json, process.stdout, err as unknown as NodeJS.WriteStream), written: () => text };
}

function shown(events: readonly ProgressEvent[], kind: Parameters<typeof terminal>[0]): string {
  const { terminal: to, written } = terminal(kind);
  const display = new ProgressDisplay(to);
  events.forEach(display.show);
  display.stop();
  return written();
}

describe('the progress of a profile', () => {
  test('is a line for each step where nobody watches', () => {
    const steps = [event(), event({ done: 0.3 }), event({ message: 'verifying 0.7 cores', done: 0.7, remainingSeconds: 12.2 })];
    expect(shown(steps, { isTTY: false })).toBe(
      ' 25 %  measuring with 1 thread  (about 30 s left)\n 70 %  verifying 0.7 cores  (about 13 s left)\n',
    );
  });

  test('is a bar that overwrites itself where someone watches', () => {
    const bar = '█████░░░░░░░░░░░░░░░  25 %  about 30 s left  measuring with 1 thread';
    expect(barOf(event())).toBe(bar);
    expect(shown([event(), event()], { isTTY: true })).toBe(`\r\x1b[K${bar}\r\x1b[K${bar}`);
  });

  test('leaves the end to the result', () => {
    expect(shown([event({ phase: 'done', done: 1, remainingSeconds: 0, message: '0.7 cores' })], { isTTY: false })).toBe('');
  });

  test('is not shown with --json', () => {
    expect(shown([event()], { isTTY: true, json: true })).toBe('');
  });

  test('moves on between two steps, but never claims to be done', () => {
    expect(later(event(), 10)).toMatchObject({ elapsedSeconds: 20, remainingSeconds: 20, done: 0.5 });
    const overdue = later(event(), 100);
    expect(overdue.remainingSeconds).toBe(1);
    expect(overdue.done).toBeLessThan(1);
    expect(later(event({ done: 1, remainingSeconds: 0 }), 10)).toMatchObject({ remainingSeconds: 0, done: 1 });
  });
});
