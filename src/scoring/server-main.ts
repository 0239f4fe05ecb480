import { Server } from 'net';
import { constants } from 'os';
import { setFlagsFromString } from 'v8';
import { FromSibling, ToSibling } from './front/protocol';
import { standardLog } from './log';
import { ScoringServer } from './scoring-server';
import { parseSettings } from './settings';

/** What Azure ML's server exits with where it cannot load what it should serve. */
const BAD_START = 3;
/**
 * The front keeps little from one request to the next: to wake other threads for a collection of what is young costs more than they
 * take over, from cores that others need.
 */
const COLLECT_YOUNG_ALONE = '--no-parallel-scavenge';

/**
 * Runs the front until a signal ends it: one JSON line `listening` once it can score; SIGTERM or SIGINT drain, a second one ends
 * at once. A bad start is one plain sentence per fault on standard error, and exit code 3.
 */
export async function serverMain(env: NodeJS.ProcessEnv, program: string): Promise<void> {
  setFlagsFromString(COLLECT_YOUNG_ALONE);
  const log = standardLog();
  let server: ScoringServer | undefined;
  let stopping = false;
  // before anything is loaded: a stop in the middle of a start is a stop, too
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping || server === undefined) return endNow(server, signal);
      stopping = true;
      log.info('stopping', { signal });
      void server.stop().then(() => {
        log.info('stopped');
        process.exit(0);
      });
    });
  }
  try {
    server = new ScoringServer(parseSettings(env), log, program);
    const address = await server.start();
    if (!stopping) log.info('listening', { ...address, pid: process.pid });
  } catch (error) {
    if (stopping) return;
    process.stderr.write(`${(error as Error).message}\n`);
    server?.kill();
    process.exit(BAD_START);
  }
}

/** Runs a sibling of the front that started this process, which says when it ends: a signal at a terminal reaches both. */
export function siblingMain(env: NodeJS.ProcessEnv, program: string): void {
  setFlagsFromString(COLLECT_YOUNG_ALONE);
  const server = new ScoringServer(parseSettings(env), standardLog({ front: process.pid }), program);
  const say = (message: FromSibling): void => void process.send?.(message);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  process.once('disconnect', () => {
    server.kill();
    process.exit(0);
  });
  const loaded = server.startSibling();
  loaded.then(
    () => say({ type: 'loaded' }),
    (error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exit(BAD_START);
    },
  );
  process.on('message', (message: ToSibling, shared?: Server) => {
    if (message.type === 'metrics') say({ type: 'metrics', id: message.id, text: server.metrics });
    else if (message.type === 'stop') void server.stop().then(() => process.exit(0));
    else void loaded.then(({ join }) => join(shared as Server)).then(() => say({ type: 'listening' }));
  });
}

function endNow(server: ScoringServer | undefined, signal: 'SIGTERM' | 'SIGINT'): never {
  server?.kill();
  process.exit(128 + constants.signals[signal]);
}
