import * as path from 'path';
import type { ProfileTarget } from '../../src/sizing/profile-result';

/** A model or entry script of the benchmark, made by `make_models.py`. */
export interface BenchModel {
  readonly id: string;
  /** For people. */
  readonly title: string;
  /** The file of inputs in the model's folder. */
  readonly inputs: string;
  /** The entry script that is profiled in the model's place. */
  readonly script?: string;
  /** CPU milliseconds of one run of the model or script alone, on the machine that the cases were made for: a help in choosing rates. */
  readonly cpuMs: number;
  /** Too large for the goal of time. */
  readonly large?: boolean;
}

/** A promise that a size is asked for. */
export interface BenchCase {
  readonly id: string;
  readonly model: BenchModel;
  readonly target: ProfileTarget;
  /** Requests a second. */
  readonly rate: number;
  readonly percentile: Percentile;
  readonly latencyMs: number;
}

export type Percentile = 0.9 | 0.95 | 0.99;

const script = (name: string): string => path.join(__dirname, 'scripts', name);

export const MODELS: readonly BenchModel[] = [
  { id: 'tiny', title: 'tiny network (10→64→3)', inputs: 'inputs.json', cpuMs: 0.05 },
  { id: 'trees', title: '200 trees of scikit-learn, 64 rows', inputs: 'inputs.csv', cpuMs: 1.2 },
  { id: 'conv-small', title: 'small convolution', inputs: 'inputs.npy', cpuMs: 5.2 },
  { id: 'conv-medium', title: 'medium convolution', inputs: 'inputs.npy', cpuMs: 29 },
  { id: 'dense-300mb', title: 'dense layers, 290 MB', inputs: 'inputs.json', cpuMs: 14, large: true },
  { id: 'transformer', title: 'four transformer blocks', inputs: 'inputs.json', cpuMs: 5 },
  { id: 'dynamic', title: 'dynamic shapes, costs 1 to 5', inputs: 'inputs.jsonl', cpuMs: 6.5 },
  { id: 'strings', title: 'TF-IDF of 18 texts', inputs: 'inputs.json', cpuMs: 0.45 },
  {
    id: 'python-script',
    title: 'Python script, work before and after',
    inputs: 'inputs.json',
    script: script('pictures.py'),
    cpuMs: 9.7,
  },
  {
    id: 'slow-first',
    title: 'JavaScript script, slow first run',
    inputs: 'inputs.json',
    script: script('lazy_index.js'),
    cpuMs: 2.3,
  },
];

/** No case: it shows what idle threads cost. ONNX Runtime shares no layer of the tiny network among threads, so that one cannot. */
export const SMALL_NETWORK: BenchModel = {
  id: 'mlp',
  title: 'small network (128→512→256→10)',
  inputs: 'inputs.json',
  cpuMs: 0.1,
};

type Promised = readonly [ProfileTarget, rate: number, Percentile, latencyMs: number];

/**
 * Two targets for each: one that waiting decides, so that the size is well above what the CPU time asks for, and one that the load decides.
 * Answers lie between 0.1 and 1.3 cores on a machine of two, whose rest the load generator needs.
 */
const PROMISES: Readonly<Record<string, readonly [Promised, Promised]>> = {
  tiny: [
    ['aci', 100, 0.95, 25],
    ['aks', 400, 0.99, 60],
  ],
  trees: [
    ['aci', 80, 0.95, 30],
    ['aks', 150, 0.99, 120],
  ],
  'conv-small': [
    ['aci', 40, 0.95, 40],
    ['local', 90, 0.9, 80],
  ],
  'conv-medium': [
    ['aci', 10, 0.95, 150],
    ['aks', 20, 0.95, 250],
  ],
  'dense-300mb': [
    ['aci', 15, 0.95, 80],
    ['aks', 35, 0.95, 150],
  ],
  transformer: [
    ['aci', 40, 0.95, 40],
    ['aks', 100, 0.99, 150],
  ],
  dynamic: [
    ['aci', 30, 0.95, 60],
    ['local', 70, 0.95, 120],
  ],
  strings: [
    ['aci', 100, 0.95, 30],
    ['aks', 250, 0.9, 50],
  ],
  'python-script': [
    ['aci', 20, 0.95, 80],
    ['aks', 45, 0.95, 200],
  ],
  'slow-first': [
    ['aci', 60, 0.95, 40],
    ['local', 150, 0.99, 120],
  ],
};

export const CASES: readonly BenchCase[] = MODELS.flatMap(model =>
  PROMISES[model.id].map(([target, rate, percentile, latencyMs]) => ({
    id: `${model.id}-${target}`,
    ...{ model, target, rate, percentile, latencyMs },
  })),
);

/** "p95 ≤ 40 ms at 50/s". */
export const describePromise = ({ rate, percentile, latencyMs }: BenchCase): string =>
  `${percentileName(percentile)} ≤ ${latencyMs} ms at ${rate}/s`;

/** 0.95 → "p95". */
export const percentileName = (percentile: number): string => `p${Number((percentile * 100).toFixed(2))}`;

export const caseOf = (id: string): BenchCase => {
  const found = CASES.find(each => each.id === id);
  if (!found) throw new Error(`There is no case ${id}. Cases: ${CASES.map(each => each.id).join(', ')}.`);
  return found;
};
