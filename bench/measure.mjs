// Runs variants in turn, each in a process of its own, and says how long they took and how sure that is.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Measures each variant `rounds` times, in turn and not one after the other, so that whatever else the machine does meets
 * all of them. The first round warms disk caches and is not counted.
 *
 * `variants` gives the arguments and environment of `node` by name; returns reports by name.
 */
export function measure(variants, rounds, folder, before = () => {}) {
  const reports = Object.fromEntries(Object.keys(variants).map(name => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, variant] of Object.entries(variants)) {
      before(name);
      const report = runOnce(variant, join(folder, 'report.json'));
      if (round > 0) reports[name].push(report);
    }
  }
  return reports;
}

function runOnce({ args, env = {}, cwd }, file) {
  const child = spawnSync(process.execPath, ['--require', resolve('bench/report.cjs'), ...args], {
    cwd,
    env: { ...process.env, ...env, BENCH_REPORT: file },
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(`node ${args.join(' ')} ended with ${child.status}:\n${child.stderr}`);
  return JSON.parse(readFileSync(file, 'utf8'));
}

export function median(values) {
  return quantile(values, 0.5);
}

/** `12.3 (11.9–13.0)`: median and quartiles. */
export function summary(values, digits = 1) {
  const [low, middle, high] = [0.25, 0.5, 0.75].map(p => quantile(values, p).toFixed(digits));
  return `${middle} (${low}–${high})`;
}

function quantile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  return sorted[below] + (at - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
}
