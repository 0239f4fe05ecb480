// The three measuring tools, each in a process of its own.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HERE = resolve('bench/server');

/**
 * wrk, closed loop, for `seconds` or until `until` has settled. Resolves with the rate of answers with status 200 in 1/s, latencies in milliseconds, failures by kind and, where
 * counted, answers by status.
 */
export async function wrk({ port, endpoint, body, work, clients, seconds, until, countStatuses = false }) {
  const bodyFile = join(work, 'body');
  const headersFile = join(work, 'headers');
  writeFileSync(bodyFile, body);
  writeFileSync(headersFile, headerLines(endpoint));
  const args = ['-t1', `-c${clients}`, `-d${seconds}s`, '--timeout', '30s', '-s', join(HERE, 'wrk.lua')];
  const running = run('wrk', [...args, `http://127.0.0.1:${port}${endpoint.path}`], {
    env: { ...process.env, BENCH_BODY: bodyFile, BENCH_HEADERS: headersFile, BENCH_COUNT_STATUSES: countStatuses ? '1' : '0' },
  });
  // wrk then stops, and reports
  const stop = () => running.child.kill('SIGINT');
  void until?.then(stop, stop);
  const { stdout } = await running;
  const told = JSON.parse(stdout.trim().split('\n').at(-1));
  const { connect, read, write, timeout, status } = told;
  if (told.requests === status) throw new Error(`no right answer in ${seconds} s, ${status} others`);
  const failures = Object.entries({ connect, read, write, timeout, status }).filter(([, count]) => count > 0);
  return {
    rate: (told.requests - told.status) / (told.us / 1e6),
    p50: told.p50 / 1000,
    p99: told.p99 / 1000,
    max: told.max / 1000,
    failures: Object.fromEntries(failures),
    ...(countStatuses && { statuses: told.statuses }),
  };
}

/** One connection, one request at a time, counted in microseconds; resolves in milliseconds. */
export async function closedLoop({ port, endpoint, body, work, seconds }) {
  const file = join(work, 'request');
  const head = `POST ${endpoint.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headerLines(endpoint).replaceAll('\n', '\r\n')}\r\n`;
  writeFileSync(file, Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]));
  return tool('closed_loop.mjs', port, file, seconds);
}

/** A new connection every 20 ms; resolves with quantiles in milliseconds and how many failed. */
export const healthProbe = ({ port, path, seconds }) => tool('health_probe.mjs', port, path, seconds);

async function tool(script, ...args) {
  const { stdout } = await run(process.execPath, [join(HERE, script), ...args.map(String)]);
  return JSON.parse(stdout);
}

function headerLines({ contentType, headers }) {
  return Object.entries({ 'Content-Type': contentType, ...headers })
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}
