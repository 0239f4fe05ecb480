import { execFileSync } from 'child_process';
import { once } from 'events';
import { mkdtempSync, rmSync, symlinkSync } from 'fs';
import { IncomingMessage, request as httpRequest } from 'http';
import { request as httpsRequest, RequestOptions } from 'https';
import { tmpdir } from 'os';
import * as path from 'path';
import { ENV } from '../../../src/core/server-contract';
import { LaunchedServer, launchScoringServer, LaunchOptions } from '../../../src/scoring/launch';

const ROOT = path.resolve(__dirname, '../../..');
const MODELS = path.join(ROOT, 'test/fixtures/models');

/** The path of a committed model. */
export function fixture(name: string): string {
  return path.join(MODELS, `${name}.onnx`);
}

let bundle: string | undefined;

/** Bundles the server as it ships; inside the repository, so that it finds ONNX Runtime. */
export function serverBundle(): string {
  if (bundle !== undefined) return bundle;
  const folder = path.join(ROOT, `node_modules/.cache/model-serving-tests/${process.pid}`);
  const outfile = path.join(folder, 'scoring-server.js');
  const options = [
    '--bundle',
    '--platform=node',
    '--target=node20',
    '--format=cjs',
    '--external:onnxruntime-*',
    '--log-level=warning',
  ];
  // the command and not the API, which leaves a service running
  execFileSync(process.execPath, [
    require.resolve('esbuild/bin/esbuild'),
    path.join(ROOT, 'src/scoring/main.ts'),
    `--outfile=${outfile}`,
    ...options,
  ]);
  symlinkSync(path.join(ROOT, 'src/scoring/python'), path.join(folder, 'python'));
  return (bundle = outfile);
}

const launched = new Set<LaunchedServer>();

/** Starts the real server without keys; other settings by `env`. */
export async function serve(modelPath: string, env: LaunchOptions['env'] = {}): Promise<LaunchedServer> {
  const server = await launchScoringServer({ bundle: serverBundle(), modelPath, env: { [ENV.auth]: 'none', ...env } });
  launched.add(server);
  return server;
}

/** Ends all servers of the test file and removes their bundle. */
export async function stopServers(): Promise<void> {
  await Promise.all([...launched].map(server => server.stop()));
  launched.clear();
  if (bundle !== undefined) rmSync(path.dirname(bundle), { recursive: true, force: true });
  bundle = undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // what the service says is judged by the test, whatever its shape
  readonly json: { readonly [key: string]: unknown };
}

export async function request(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} };
}

export function post(url: string, body: string | Buffer | object, headers: Record<string, string> = {}): Promise<Answer> {
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  return request(url, { method: 'POST', body: raw ? body : JSON.stringify(body), headers });
}

/** What is answered to a request that has reached the server already, and has been given to an engine if one was free. */
export interface Begun {
  readonly answer: Promise<{
    readonly status?: number;
    readonly headers: IncomingMessage['headers'];
    readonly json: { readonly message?: string };
  }>;
  /** Hangs up. */
  leave(): void;
}

/** Sends a request on a connection of its own and returns once the server has taken it. */
export async function begin(server: LaunchedServer, body: object): Promise<Begun> {
  const sent = httpRequest(server.scoringUri, { method: 'POST', agent: false });
  const answer = once(sent, 'response').then(async ([response]: IncomingMessage[]) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return {
      status: response.statusCode,
      headers: response.headers,
      json: JSON.parse(Buffer.concat(chunks).toString()) as object,
    };
  });
  answer.catch(() => undefined); // who cares awaits it
  sent.end(JSON.stringify(body));
  await once(sent, 'finish');
  // the front reads what came first first: when it has answered these, it has read that
  await request(server.healthUri);
  await request(server.healthUri);
  return { answer, leave: () => sent.destroy() };
}

/** The URL of another path of the same server. */
export function at(server: LaunchedServer, pathAndQuery: string): string {
  return new URL(pathAndQuery, server.scoringUri).href;
}

/** What is scraped from a server that was given port 0 for it. */
export async function metricsOf(server: LaunchedServer): Promise<string> {
  const [{ port }] = events(server, 'metrics');
  return (await request(`http://127.0.0.1:${String(port)}/metrics`)).text;
}

/** The status of a GET over TLS, on a connection of its own. */
export function httpsStatus(url: string, options: RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    httpsRequest(url, { agent: false, ...options }, response => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}

/** Asks until the answer fits; the test's own time limit ends it otherwise. */
export async function eventually<T>(ask: () => T | Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (fits(value)) return value;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** Process ids of the server's engines, oldest first, by what it logged. */
export function enginePids(server: LaunchedServer): number[] {
  return events(server, 'engine-ready').map(event => event.engine as number);
}

/** What the server logged under that name. */
export function events(server: LaunchedServer, name: string): Array<Record<string, unknown>> {
  return server.output
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as Record<string, unknown>)
    .filter(line => line.event === name);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A folder that is removed by `removeFolders`. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'scoring-test-'));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
