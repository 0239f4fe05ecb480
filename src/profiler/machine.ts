import * as fs from 'fs';
import { createRequire } from 'module';
import * as os from 'os';
import * as path from 'path';
import { ProfiledMachine } from '../sizing/profile-result';
import { GIBIBYTE } from './memory';

/** What the measurements were taken on. */
export function describeMachine(): ProfiledMachine {
  const [first] = os.cpus();
  return {
    cpuModel: first?.model.trim() || 'unknown',
    cores: os.cpus().length || os.availableParallelism(),
    memoryInGB: Number((os.totalmem() / GIBIBYTE).toFixed(1)),
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
    nodeVersion: process.version,
  };
}

/** Version of the ONNX Runtime that the bundled server at `serverBundle` loads. */
export function onnxRuntimeVersion(serverBundle: string): string {
  try {
    const entry = createRequire(path.resolve(serverBundle)).resolve('onnxruntime-node');
    for (let folder = path.dirname(entry); folder !== path.dirname(folder); folder = path.dirname(folder)) {
      const manifest = path.join(folder, 'package.json');
      if (fs.existsSync(manifest)) return (JSON.parse(fs.readFileSync(manifest, 'utf8')) as { version: string }).version;
    }
  } catch {
    // the server itself says so when it cannot load it
  }
  return 'unknown';
}

/** CPU time of the whole machine since it started, milliseconds over all cores. */
export interface MachineTimes {
  readonly busyMs: number;
  /** Time a hypervisor gave to others while this machine wanted it. */
  readonly stealMs: number;
}

export function machineTimes(): MachineTimes {
  if (process.platform === 'linux') return parseProcStat(fs.readFileSync('/proc/stat', 'utf8'));
  const busyMs = os.cpus().reduce((total, { times }) => total + times.user + times.nice + times.sys + times.irq, 0);
  return { busyMs, stealMs: 0 };
}

/** The first line of `/proc/stat`: user nice system idle iowait irq softirq steal …, in hundredths of a second. */
export function parseProcStat(text: string): MachineTimes {
  const [, user, nice, system, , , irq, softirq, steal] = text.split('\n', 1)[0].split(/\s+/).map(Number);
  return { busyMs: (user + nice + system + irq + softirq) * 10, stealMs: (steal || 0) * 10 };
}

const SIDE = 48;
const left = Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i % 7) * 0.25);
const right = Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i % 5) * 0.5);
const product = new Float32Array(SIDE * SIDE);

/**
 * How fast a core runs right now: multiply-adds per CPU millisecond of a fixed small matrix product.
 * Cores of virtual machines change speed by up to 1.9 times from minute to minute with no neighbour to be seen, and CPU time per request
 * changes with them; measured beside every window, this takes it out.
 */
export function coreSpeed(budgetMs = 15): number {
  const end = performance.now() + budgetMs;
  const before = process.cpuUsage();
  let rounds = 0;
  do {
    multiply();
    rounds++;
  } while (performance.now() < end);
  const { user, system } = process.cpuUsage(before);
  return (rounds * SIDE ** 3) / Math.max((user + system) / 1000, 0.001);
}

function multiply(): void {
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      let total = 0;
      for (let k = 0; k < SIDE; k++) total += left[row * SIDE + k] * right[k * SIDE + column];
      product[row * SIDE + column] = total;
    }
  }
}
