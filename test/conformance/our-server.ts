import { spawn } from 'child_process';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { serverBundle } from '../scoring/support/server';
import { fixtureFolder, modelFolder, resolvedEnv, served } from './fixtures';
import { Runtime, Setup } from './row';
import { Start } from './started-server';

const STOP_MS = 5_000;

/** Starts our server with what the runtime serves for the setup's fixture; resolves when it can score, or has ended. */
export function startOurs(runtime: Runtime, { fixture, env }: Setup, python?: string): Promise<Start> {
  const file = served(fixture, runtime);
  const bundle = serverBundle();
  const script: Record<string, string | undefined> =
    runtime === 'onnx'
      ? { [ENV.modelDir]: file }
      : { [ENV.modelDir]: modelFolder(fixture), [ENV.appRoot]: fixtureFolder(fixture), [ENV.entryScript]: path.basename(file) };
  const child = spawn(process.execPath, [bundle], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      [ENV.host]: '127.0.0.1',
      [ENV.port]: '0',
      [ENV.auth]: 'none',
      // an engine that a row has ended may take longer to come again on a busy machine
      [ENV.maxQueueWaitMs]: '10000',
      [ENV.python]: python,
      ...script,
      ...resolvedEnv(fixture, env),
    },
  });
  let output = '';
  const exited = new Promise<number | null>(resolve => child.once('close', resolve));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  return new Promise(resolve => {
    const take = (data: Buffer): void => {
      output += data.toString();
      const port = /"event":"listening".*?"port":(\d+)/.exec(output)?.[1];
      if (port !== undefined) resolve({ server: { port: Number(port), output: () => output, stop }, output });
    };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', take);
    void exited.then(exitCode => resolve({ exitCode, output }));
  });
}
