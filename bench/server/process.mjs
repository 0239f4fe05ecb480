// A server under test: started in a group of its own, found again by a mark in its environment, and gone afterwards with all it started.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { openSync, closeSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const MARK = 'BENCH_SERVER_RUN';
/** Processes that neither end nor finish after SIGTERM get this long. */
const GRACE_MS = 1500;
/** Servers that are asked to answer within. */
const START_MS = 30_000;
/** A server that listens may refuse for so long while it loads. */
const REFUSES_MS = 20_000;
const running = new Set();

process.once('exit', () => running.forEach(server => server.killNow()));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

export class ServerProcess {
  #mark = `${MARK}=${randomUUID()}`;
  #logFile;
  #ended;

  /** Starts at once; `logFile` takes both streams. */
  constructor({ command: [program, ...args], env, logFile }) {
    this.#logFile = logFile;
    const log = openSync(logFile, 'w');
    this.startedAt = performance.now();
    const [name, value] = this.#mark.split('=');
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', ...env, [name]: value },
    });
    closeSync(log);
    child.once('error', error => (this.#ended = error.message));
    child.once('exit', (code, signal) => (this.#ended = `ended with ${signal ?? `exit code ${code}`}`));
    running.add(this);
  }

  /**
   * Milliseconds from the start until `probe` first resolves to 'right'; 'none' is no answer yet, any other text what was said instead.
   * @throws where the server ends, takes too long, or goes on saying something else.
   */
  async firstAnswer(probe) {
    let refusedSince;
    for (;;) {
      const outcome = await probe();
      const now = performance.now();
      if (outcome === 'right') return now - this.startedAt;
      if (outcome !== 'none') refusedSince ??= now;
      if (now - refusedSince > REFUSES_MS) throw new Error(`instead of an answer: ${outcome.slice(0, 300)}`);
      if (this.#ended) throw new Error(`${this.#ended}: ${this.#lastLines()}`);
      if (now - this.startedAt > START_MS) throw new Error(`no answer in ${START_MS / 1000} s: ${this.#lastLines()}`);
      await sleep(5);
    }
  }

  /** MiB of all processes: resident, and with shared pages divided among those that share them. */
  memory() {
    const sum = { processes: 0, rssMiB: 0, pssMiB: 0 };
    for (const pid of this.#pids()) {
      try {
        const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
        sum.processes++;
        sum.rssMiB += Number(/^Rss:\s+(\d+)/m.exec(rollup)[1]) / 1024;
        sum.pssMiB += Number(/^Pss:\s+(\d+)/m.exec(rollup)[1]) / 1024;
      } catch {
        // ended in between
      }
    }
    return sum;
  }

  /** Asks politely, then ends every process that is left; resolves with how many that were. */
  async stop() {
    const signalled = this.#pids();
    signal(signalled, 'SIGTERM');
    for (let waited = 0; waited < GRACE_MS && this.#pids().length > 0; waited += 20) await sleep(20);
    const left = this.#pids().length;
    while (this.#pids().length > 0) {
      this.killNow();
      await sleep(20);
    }
    running.delete(this);
    return left;
  }

  killNow() {
    signal(this.#pids(), 'SIGKILL');
  }

  #pids() {
    return readdirSync('/proc').filter(name => /^\d+$/.test(name) && this.#isMarked(name));
  }

  #isMarked(pid) {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(this.#mark);
    } catch {
      return false;
    }
  }

  #lastLines() {
    return readFileSync(this.#logFile, 'utf8').trim().split('\n').slice(-3).join(' / ').slice(-300) || 'it said nothing';
  }
}

/** Ports that are free now, all different. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map(server => server.address().port);
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  return ports;
}

function signal(pids, name) {
  for (const pid of pids) {
    try {
      process.kill(Number(pid), name);
    } catch {
      // ended in between
    }
  }
}
