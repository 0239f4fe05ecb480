import { execFile, spawnSync } from 'child_process';

const TIMEOUT_MS = 10_000;

/** What the Docker client prints. @throws Error with the client's own words. Synchronous, so that a signal handler can call it. */
export function docker(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('docker', args, {
    encoding: 'utf8',
    env: process.env,
    timeout: TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) return stdout;
  throw new Error(error ? wordsOf(error) : stderr.trim() || `docker ${args[0]} ended with exit code ${status}`);
}

/** As `docker`, while this process goes on. */
export function dockerAside(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('docker', args, { encoding: 'utf8', env: process.env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim() || wordsOf(error)));
      else resolve(stdout);
    });
  });
}

const wordsOf = (error: Error & { readonly code?: unknown }): string => {
  if (error.code === 'ENOENT') return 'there is no docker command on the path';
  return error.code === 'ETIMEDOUT' ? `docker did not answer within ${TIMEOUT_MS / 1000} s` : error.message;
};
