import { spawn } from 'child_process';
import { once } from 'events';
import * as fs from 'fs';
import { connect } from 'net';
import * as path from 'path';
import { createInterface } from 'readline';
import type { Readable } from 'stream';
import { setTimeout as sleep } from 'timers/promises';
import type { Balancer } from '../../src/profiler/replicas';
import { freePort } from '../../src/profiler/free-port';
import { Cleanup } from '../../src/profiler/cleanup';

/** Two balancers before the same servers. */
export interface Balancers {
  /** Where each is posted to. */
  readonly scoringUris: Readonly<Record<Balancer, string>>;
  /**
   * Which server each of the `requests` that a balancer has had went to, counted from 0 and in the order of arrival.
   *
   * @throws Error where it has told of fewer
   */
  readonly destinations: (balancer: Balancer, requests: number) => Promise<number[]>;
}

const START_MS = 3_000;
const POLL_MS = 20;

/**
 * Puts HAProxy before servers of this machine, once for each way to balance: `random` picks one for each request whatever it has to do;
 * `pooled` gives a server one request at a time and lets the others wait in one queue.
 *
 * @throws Error where there is no HAProxy
 */
export async function withBalancers<T>(
  folder: string,
  scoringUris: readonly string[],
  use: (balancers: Balancers) => Promise<T>,
): Promise<T> {
  const [random, pooled] = [await freePort(), await freePort()];
  const file = path.join(folder, 'haproxy.cfg');
  fs.writeFileSync(file, configuration(scoringUris, { random, pooled }));
  const cleanup = new Cleanup();
  const child = spawn('haproxy', ['-db', '-f', file], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = new RequestLog(child.stdout);
  const words: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => words.push(chunk));
  cleanup.add(() => child.kill('SIGKILL'));
  const ended = once(child, 'close').then(
    () => `HAProxy ended: ${Buffer.concat(words).toString('utf8').slice(-500)}`,
    (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? 'this part needs HAProxy: apt-get install haproxy' : error.message,
  );
  try {
    const reason = await Promise.race([ended, Promise.all([random, pooled].map(listening)).then(() => undefined)]);
    if (reason !== undefined) throw new Error(reason);
    const { pathname } = new URL(scoringUris[0]);
    const uri = (port: number) => `http://127.0.0.1:${port}${pathname}`;
    return await use({
      scoringUris: { random: uri(random), pooled: uri(pooled) },
      destinations: (balancer, requests) => log.destinations(balancer, requests),
    });
  } finally {
    cleanup.run();
  }
}

/** What HAProxy says of each answered request: its number in the order of arrival, the balancer, and the server. */
const LOG_FORMAT = '%rt %b %s';
const LOG_DELAY_MS = 1_000;

class RequestLog {
  private readonly lines: Array<readonly [number: string, balancer: string, server: string]> = [];

  constructor(output: Readable) {
    createInterface({ input: output }).on('line', line => {
      const [number, balancer, server] = line.split(' ');
      this.lines.push([number, balancer, server]);
    });
  }

  async destinations(balancer: Balancer, requests: number): Promise<number[]> {
    const own = () => this.lines.filter(([, name]) => name === balancer);
    for (const until = performance.now() + LOG_DELAY_MS; own().length < requests && performance.now() < until;)
      await sleep(POLL_MS);
    if (own().length !== requests) throw new Error(`HAProxy logged ${own().length} of ${requests} requests`);
    return own()
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, , server]) => Number(server));
  }
}

function configuration(scoringUris: readonly string[], ports: Readonly<Record<Balancer, number>>): string {
  const servers = (more: string) => scoringUris.map((uri, i) => `  server ${i} ${new URL(uri).host}${more}`);
  const listen = (name: Balancer, balance: string, more: string) => [
    `listen ${name}`,
    `  bind 127.0.0.1:${ports[name]}`,
    `  balance ${balance}`,
    ...servers(more),
  ];
  return [
    'global',
    '  nbthread 1',
    '  log stdout format raw local0',
    // whole bodies are at hand when a server is free
    '  tune.bufsize 1048576',
    'defaults',
    '  mode http',
    '  log global',
    '  option dontlognull',
    '  option http-buffer-request',
    `  log-format "${LOG_FORMAT}"`,
    '  http-reuse always',
    '  timeout connect 5s',
    ...['client', 'server', 'queue'].map(which => `  timeout ${which} 2m`),
    ...listen('random', 'random(1)', ''),
    ...listen('pooled', 'leastconn', ' maxconn 1'),
    '',
  ].join('\n');
}

async function listening(port: number): Promise<void> {
  for (const until = performance.now() + START_MS; performance.now() < until; await sleep(POLL_MS))
    if (await answers(port)) return;
  throw new Error(`HAProxy does not listen after ${START_MS / 1000} s`);
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
  });
}
