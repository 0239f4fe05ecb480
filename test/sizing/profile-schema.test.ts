import Ajv2020 from 'ajv/dist/2020';
import * as fs from 'fs';
import * as path from 'path';
import { ProfileResult, ProfileVerification } from '../../src/sizing/profile-result';

const ROOT = path.join(__dirname, '..', '..');

const read = (file: string): Record<string, unknown> =>
  JSON.parse(fs.readFileSync(path.join(ROOT, file), 'utf8')) as Record<string, unknown>;

const schema = read('docs/profile.schema.json') as { properties: Record<string, { description?: string }>; required: string[] };
const validate = new Ajv2020({ allErrors: true }).compile(schema);

/** What is wrong with a profile: `/recommendedCpu must be number`. */
function faults(profile: unknown): string[] {
  validate(profile);
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${instancePath} ${message} ${String(params.additionalProperty ?? '')}`.trim(),
  );
}

/** Every profile that is committed; the first as the program wrote it. */
const COMMITTED = ['test/sizing/profiles', 'docs', 'examples'].flatMap(folder =>
  fs
    .readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map(file => path.join(folder, file))
    .filter(file => file.endsWith('.json') && read(file).schemaVersion === 1),
);

const SETTINGS = { intraOpNumThreads: 2, interOpNumThreads: 1, allowSpinning: true, workers: 1, maxBatch: 8 };
const RUN: ProfileVerification = {
  ...{
    cpu: 0.7,
    memoryInGB: 0.6,
    holds: true,
    verdict: 'holds',
    rate: 80,
    requests: 4000,
    latencyMs: 31,
    latencyIntervalMs: [28, 35],
  },
  ...{ throttledRatio: 0.1, limits: 'cgroup-v2' },
};

/** Every field that there is: the compiler asks for new ones here, and the schema must know them then. */
const WHOLE: Required<ProfileResult> = {
  ...(read('test/sizing/profiles/digits.json') as unknown as ProfileResult),
  description: 'before the holidays',
  error: 'p99 is not resolvable',
  latencyPercentile99InMs: 45,
  latencyPercentile999InMs: 60,
  budget: 'standard',
  inputs: { count: 40, distinct: 38, synthetic: false, source: 'samples.json', pattern: 'poisson' },
  sessionOptions: SETTINGS,
  capacity: 71.5,
  utilization: 0.7,
  headroomRate: 58,
  limitingResource: 'cpu-quota',
  percentiles: [
    { percentile: 0.95, resolved: true, latencyMs: 31, intervalMs: [28, 35], samples: 4000, effectiveSamples: 1800 },
    { percentile: 0.999, resolved: false, samples: 4000, effectiveSamples: 1800 },
  ],
  memory: {
    ...{ loadPeakInGB: 0.4, runPeakInGB: 0.5, anonymousPeakInGB: 0.45, kneeInGB: 0.5 },
    byConcurrency: [{ concurrency: 1, peakInGB: 0.4 }],
  },
  cost: {
    currency: 'USD',
    billedCpu: 1,
    billedMemoryInGB: 1,
    perHour: 0.045,
    per1000Requests: 0.00025,
    prices: 'eastus, 2026-07-23',
  },
  scaling: {
    ...{ balancer: 'random', replicas: 3, replicasPooled: 2, replicasRandom: 3, replicasAzureMlV1: 2 },
    targetCpuUtilizationPercent: 64,
    policies: [{ name: 'guaranteed', cpuRequest: 0.7, cpuLimit: 0.7, memoryInGB: 0.6, note: 'as verified' }],
  },
  alternatives: [
    {
      cpu: 1,
      memoryInGB: 0.6,
      replicas: 1,
      sessionOptions: SETTINGS,
      latencyMs: 20,
      capacity: 99,
      costPerHour: 0.045,
      evidence: 'modelled',
    },
  ],
  transfer: { hostGigaMultiplyAdds: 40, hostMemoryGigabytes: 11, factor: 1, uncertainty: 0.15, statement: 'this machine itself' },
  replicas: 3,
  cpuMsSamples: [11.9, 12.1],
  verification: RUN,
  boundary: { ...RUN, holds: false, verdict: 'fails' },
};

test.each(COMMITTED)('%s is valid', file => {
  expect(faults(read(file))).toEqual([]);
});

test('a profile with every field is valid', () => {
  expect(faults(WHOLE)).toEqual([]);
  expect(Object.keys(schema.properties).sort()).toEqual(Object.keys(WHOLE).sort());
});

test("has every field of Azure ML v1's result under its name", () => {
  const v1 = [
    ...['name', 'description', 'state', 'error', 'createdTime'],
    ...['requestedCpu', 'requestedMemoryInGB', 'requestedQueriesPerSecond', 'maxUtilizedCpu', 'maxUtilizedMemoryInGB'],
    ...['totalQueries', 'successQueries', 'successRate', 'averageLatencyInMs', 'measuredQueriesPerSecond'],
    ...['50', '90', '95', '99', '999'].map(percentile => `latencyPercentile${percentile}InMs`),
    ...['recommendedCpu', 'recommendedMemoryInGB', 'recommendationLatencyInMs'],
  ];
  expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(v1));
});

test.each<[string, object, string]>([
  ['text for a number', { recommendedCpu: '0.7' }, '/recommendedCpu must be number'],
  ['less than nothing', { recommendedMemoryInGB: -1 }, '/recommendedMemoryInGB must be >= 0'],
  ['a share above 1', { successRate: 100 }, '/successRate must be <= 1'],
  ['part of a request', { totalQueries: 1.5 }, '/totalQueries must be integer'],
  ['an unknown state', { state: 'Done' }, '/state must be equal to one of the allowed values'],
  ['another version', { schemaVersion: 2 }, '/schemaVersion must be equal to constant'],
  ['a misspelt field', { recomendedCpu: 1 }, 'must NOT have additional properties recomendedCpu'],
  ['a missing field', { summary: undefined }, "must have required property 'summary'"],
  [
    'a bad field inside',
    { objective: { ...WHOLE.objective, target: 'vm' } },
    '/objective/target must be equal to one of the allowed values',
  ],
])('refuses %s', (_, changes, fault) => {
  expect(faults(JSON.parse(JSON.stringify({ ...WHOLE, ...changes })))).toEqual([fault]);
});

test('says the unit of every number that v1 left to be guessed', () => {
  const unit = (name: string) => schema.properties[name].description;
  expect(unit('recommendedCpu')).toMatch(/^Cores\./);
  expect(unit('recommendedMemoryInGB')).toMatch(/^GB of 1024³ bytes\./);
  expect(unit('latencyPercentile95InMs')).toMatch(/^Milliseconds\./);
  expect(unit('successRate')).toBe('0 to 1.');
});
