// Where it ran, and how fast the cores were just then.
import { cpus, release, totalmem } from 'node:os';

const SPIN_MS = 200;

export function describeMachine() {
  const cores = cpus();
  return {
    cpu: cores[0].model.trim(),
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()}`,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Millions of turns of a fixed loop per second, on one core: what it loses, every figure near it has lost, too. */
export function coreSpeed() {
  const start = performance.now();
  let turns = 0;
  let value = 1;
  while (performance.now() - start < SPIN_MS) {
    for (let i = 0; i < 10_000; i++) value = (value * 1103515245 + 12345) & 0x7fffffff;
    turns += 10_000;
  }
  return value < 0 ? 0 : turns / (performance.now() - start) / 1000;
}
