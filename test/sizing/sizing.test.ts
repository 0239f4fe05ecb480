import { App, TerraformStack, TerraformVariable } from 'cdktf';
import fc from 'fast-check';
import { roundUpToStep, SIZE_GRIDS, SIZES_DATE } from '../../src/sizing/compute-size';
import { ProfiledAlternative, ProfileResult, ProfileTarget } from '../../src/sizing/profile-result';
import { BoundSize, Sizing } from '../../src/sizing/sizing';
import { temporaryFile, temporaryFolder } from '../support/files';

const MODEL = 'c'.repeat(64);

const newStack = () => new TerraformStack(new App({ outdir: temporaryFolder() }), 'stack');

const bind = (sizing: Sizing, target: ProfileTarget = 'aci', stack = newStack()) =>
  sizing._bind(stack, { target, modelDigests: [MODEL] });

const messages = (stack: TerraformStack) => stack.node.metadata.map(entry => `${entry.type} ${String(entry.data)}`);

/** The fields of a profile that sizing reads, as `model-serving profile` writes them. */
const PROFILE: Partial<ProfileResult> = {
  schemaVersion: 1,
  state: 'Succeeded',
  recommendedCpu: 0.7,
  recommendedMemoryInGB: 0.6,
  model: { file: 'digits.onnx', sha256: MODEL, sizeInBytes: 9, onnxRuntimeVersion: '1.30.0' },
  objective: { target: 'aci', rate: 50, percentile: 0.95, latencyMs: 40 },
  sessionOptions: { intraOpNumThreads: 2, interOpNumThreads: 1, allowSpinning: true },
};

/** A dearer size that was computed and not run. */
const FASTER: ProfiledAlternative = {
  ...{ cpu: 1.2, memoryInGB: 0.8, replicas: 1, latencyMs: 18, capacity: 90, evidence: 'modelled' },
  sessionOptions: { intraOpNumThreads: 1, interOpNumThreads: 1, allowSpinning: false, workers: 2 },
};

const profileFile = (changes: object = {}) => temporaryFile('profile.json', JSON.stringify({ ...PROFILE, ...changes }));

describe('roundUpToStep', () => {
  test('gives the smallest multiple that is not below the value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.constantFrom(0.1, 0.01, 0.001, 1 / 1024), (thousandths, step) => {
        const value = thousandths / 1000;
        const rounded = roundUpToStep(value, step);
        expect(rounded).toBeGreaterThanOrEqual(value - 1e-8);
        expect(rounded).toBeLessThan(value + step);
      }),
    );
  });

  test('does not push a legal size to the next step', () => {
    for (let tenths = 1; tenths <= 40; tenths++) expect(roundUpToStep(tenths / 10, 0.1)).toBe(tenths / 10);
    expect(roundUpToStep(0.1 + 0.2, 0.1)).toBe(0.3);
  });
});

test.each(Object.entries(SIZE_GRIDS))(
  'the legal sizes of %s are in order, in whole steps, and say where they come from',
  (_, grid) => {
    for (const [least, most, step] of [
      [grid.minCpu, grid.maxCpu, grid.cpuStep],
      [grid.minMemoryInGB, grid.maxMemoryInGB, grid.memoryStepInGB],
    ]) {
      expect(least).toBeLessThan(most);
      expect([least, most].map(value => roundUpToStep(value, step))).toEqual([least, most]);
    }
    expect(grid.hardMaximum?.cpu ?? grid.maxCpu).toBeGreaterThanOrEqual(grid.maxCpu);
    expect(grid.sources.length).toBeGreaterThan(0);
    expect(grid.sources.every(({ read }) => read <= SIZES_DATE)).toBe(true);
  },
);

describe('Sizing.fixed', () => {
  test('rounds up to what the target can give, and never below its smallest', () => {
    const size = Sizing.fixed({ cpu: 0.1234, memoryInGB: 0.55 });
    expect(bind(size, 'aci')).toMatchObject({ cpu: 0.2, memoryInGB: 0.6 });
    expect(bind(size, 'aks')).toMatchObject({ cpu: 0.124, memoryInGB: 564 / 1024 });
    expect(bind(size, 'local')).toMatchObject({ cpu: 0.13 });
    expect(bind(Sizing.fixed({ cpu: 0.01, memoryInGB: 0.01 }), 'aci')).toMatchObject({ cpu: 0.1, memoryInGB: 0.1 });
  });

  test('a larger size asked for never gives a smaller one', () => {
    const amount = fc.double({ min: 0.001, max: 8, noNaN: true });
    fc.assert(
      fc.property(amount, amount, fc.constantFrom<ProfileTarget>('local', 'aci', 'aks', 'edge'), (a, b, target) => {
        const of = (value: number): BoundSize => bind(Sizing.fixed({ cpu: value, memoryInGB: value }), target);
        const [less, more] = [of(Math.min(a, b)), of(Math.max(a, b))];
        expect(less.cpu).toBeLessThanOrEqual(more.cpu);
        expect(less.memoryInGB).toBeLessThanOrEqual(more.memoryInGB);
      }),
    );
  });

  test('limits what it requests unless told otherwise, and uses as many threads as it has whole cores', () => {
    expect(bind(Sizing.fixed({ cpu: 2.5, memoryInGB: 1 }))).toMatchObject({
      cpuLimit: 2.5,
      memoryInGBLimit: 1,
      intraOpThreads: 2,
    });
    expect(bind(Sizing.fixed({ cpu: 0.5, memoryInGB: 1 })).intraOpThreads).toBe(1);
    expect(bind(Sizing.fixed({ cpu: 1, memoryInGB: 1, cpuLimit: 2, intraOpThreads: 4 }))).toMatchObject({
      cpuLimit: 2,
      intraOpThreads: 4,
    });
  });

  test('refuses amounts that are none, and a limit below its request, all at once', () => {
    expect(() => bind(Sizing.fixed({ cpu: 0, memoryInGB: Number.NaN }))).toThrow(
      /cpu is 0.*SIZE_NOT_POSITIVE[^]*memoryInGB is NaN/,
    );
    expect(() => bind(Sizing.fixed({ cpu: 2, memoryInGB: 1, cpuLimit: 1 }))).toThrow(/SIZE_LIMIT_BELOW_REQUEST/);
    expect(() => bind(Sizing.fixed({ cpu: 2, memoryInGB: 1, memoryInGBLimit: 0.5 }))).toThrow(/SIZE_LIMIT_BELOW_REQUEST/);
  });

  test('leaves a size that only Terraform knows to Terraform', () => {
    const stack = newStack();
    const cpu = new TerraformVariable(stack, 'cpu', { type: 'number' }).numberValue;
    expect(bind(Sizing.fixed({ cpu, memoryInGB: 1 }), 'aci', stack)).toMatchObject({ cpu, intraOpThreads: 1 });
  });

  test('warns above what the target gives everywhere, and notes what a lone group is billed', () => {
    const [large, small, huge] = [newStack(), newStack(), newStack()];
    bind(Sizing.fixed({ cpu: 32, memoryInGB: 16 }), 'aci', huge);
    expect(messages(huge)).toEqual([
      expect.stringMatching(/warn.*SIZE_ABOVE_USUAL.*32 cores is more than the 31 that aci gives anywhere/),
    ]);
    bind(Sizing.fixed({ cpu: SIZE_GRIDS.aci.maxCpu + 1, memoryInGB: 17 }), 'aci', large);
    expect(messages(large).join('\n')).toMatch(/warn.*SIZE_ABOVE_USUAL.*5 cores[^]*warn.*17 GB/);
    bind(Sizing.fixed({ cpu: 0.5, memoryInGB: 2 }), 'aci', small);
    expect(messages(small)).toEqual([expect.stringMatching(/info.*SIZE_BILLED_AT_MINIMUM/)]);
  });
});

describe('Sizing.fromProfile', () => {
  test('takes size and session options from the profile', () => {
    expect(bind(Sizing.fromProfile(profileFile()))).toMatchObject({
      cpu: 0.7,
      memoryInGB: 0.6,
      intraOpThreads: 2,
      allowSpinning: true,
    });
  });

  test('is an error annotation where the profile is of another model', () => {
    const stack = newStack();
    bind(Sizing.fromProfile(profileFile({ model: { ...PROFILE.model, sha256: 'd'.repeat(64) } })), 'aks', stack);
    expect(messages(stack)).toEqual([expect.stringMatching(/error.*PROFILE_STALE.*dddddddddddd….*cccccccccccc…/)]);
  });

  test('is an error annotation where the profile is of a script or an image with another model', () => {
    const stack = newStack();
    const model = { ...PROFILE.model, kind: 'image' as const, modelSha256: 'd'.repeat(64) };
    bind(Sizing.fromProfile(profileFile({ model })), 'aks', stack);
    expect(messages(stack)).toEqual([expect.stringMatching(/error.*PROFILE_STALE/)]);
  });

  test('warns where nobody knows which model the profiled script serves, whatever its own digest', () => {
    const stack = newStack();
    bind(Sizing.fromProfile(profileFile({ model: { ...PROFILE.model, kind: 'script' as const } })), 'aks', stack);
    expect(messages(stack)).toEqual([expect.stringMatching(/warn.*PROFILE_MODEL_UNKNOWN/)]);
  });

  test('warns where the profiled rate takes several replicas, and not where one carries it', () => {
    const [several, one] = [newStack(), newStack()];
    bind(Sizing.fromProfile(profileFile({ replicas: 3 })), 'aks', several);
    expect(messages(several)).toEqual([
      expect.stringMatching(/warn.*PROFILE_NEEDS_REPLICAS.*50 requests a second with 3 replicas/),
    ]);
    bind(Sizing.fromProfile(profileFile({ replicas: 1 })), 'aks', one);
    expect(messages(one)).toEqual([]);
  });

  test('accepts a question that the profile covers, and refuses one that it does not', () => {
    expect(() => bind(Sizing.fromProfile(profileFile(), { rate: 30, latencyMs: 50 }))).not.toThrow();
    expect(() => bind(Sizing.fromProfile(profileFile(), { rate: 80, latencyMs: 20 }))).toThrow(
      /80 requests a second.*PROFILE_COVERS_LESS[^]*20 ms.*PROFILE_COVERS_LESS/,
    );
  });

  test('takes percentiles by name, and says what was measured where one is not covered', () => {
    expect(() => bind(Sizing.fromProfile(profileFile(), { p50: 40, p95: 40 }))).not.toThrow();
    expect(() => bind(Sizing.fromProfile(profileFile(), { p99: 80 }))).toThrow(
      /p99 80 ms is asked for, but .* was measured for p95 40 ms.*PROFILE_COVERS_LESS/,
    );
  });

  test('takes a dearer size that the profile computed, with a warning, where the proven one is too slow', () => {
    const stack = newStack();
    expect(bind(Sizing.fromProfile(profileFile({ alternatives: [FASTER] }), { rate: 50, p95: 20 }), 'aci', stack)).toMatchObject({
      cpu: 1.2,
      memoryInGB: 0.8,
      intraOpThreads: 1,
      workers: 2,
    });
    expect(messages(stack)).toEqual([
      expect.stringMatching(/warn.*PROFILE_SIZE_MODELLED.*p95 20 ms and 50 requests a second.*1.2 cores and 0.8 GB/),
      expect.stringMatching(/info.*SIZE_BILLED_AT_MINIMUM/),
    ]);
  });

  test('takes the proven size, silently, where it covers the question and others do too', () => {
    const stack = newStack();
    expect(bind(Sizing.fromProfile(profileFile({ alternatives: [FASTER] }), { p95: 40 }), 'aks', stack)).toMatchObject({
      cpu: 0.7,
    });
    expect(messages(stack)).toEqual([]);
  });

  test('without a target serves every one, and with a target only that', () => {
    const file = profileFile();
    expect(bind(Sizing.fromProfile(file), 'local')).toMatchObject({ cpu: 0.7 });
    expect(bind(Sizing.fromProfile(file, { target: 'aci' }), 'aci')).toMatchObject({ cpu: 0.7 });
    expect(() => bind(Sizing.fromProfile(file, { target: 'aks' }), 'aks')).toThrow(
      /names the target aks, but it is a profile for aci.*PROFILE_OTHER_TARGET/,
    );
    expect(() => bind(Sizing.fromProfile(file, { target: 'aci' }), 'aks')).toThrow(/names the target aci, but it is used on aks/);
  });

  test('brings engine processes, batches and, on AKS, what the autoscaler should hold', () => {
    const file = profileFile({
      sessionOptions: { ...PROFILE.sessionOptions, workers: 2, maxBatch: 8 },
      scaling: { targetCpuUtilizationPercent: 63.7 },
    });
    expect(bind(Sizing.fromProfile(file), 'aks')).toMatchObject({ workers: 2, maxBatch: 8, targetUtilization: 63 });
    expect(bind(Sizing.fromProfile(file), 'aci').targetUtilization).toBeUndefined();
    expect(bind(Sizing.fromProfile(profileFile()), 'aks')).toMatchObject({ workers: undefined, maxBatch: undefined });
  });

  test('refuses to be asked for what is no amount, or not known yet', () => {
    expect(() => bind(Sizing.fromProfile(profileFile(), { rate: 0, p95: Number.NaN }))).toThrow(
      /rate is 0.*PROFILE_QUESTION_INVALID[^]*p95 is NaN/,
    );
    const stack = newStack();
    const rate = new TerraformVariable(stack, 'rate', { type: 'number' }).numberValue;
    expect(() => bind(Sizing.fromProfile(profileFile(), { rate }), 'aci', stack)).toThrow(/rate is known only at apply/);
  });

  test.each([
    ['is missing', '/nowhere/profile.json', 'PROFILE_NOT_FOUND'],
    ['is not JSON', temporaryFile('profile.json', '{'), 'PROFILE_UNREADABLE'],
    ['is no object', temporaryFile('profile.json', 'null'), 'PROFILE_UNREADABLE'],
    ['has another schema version', profileFile({ schemaVersion: 2 }), 'PROFILE_UNREADABLE'],
    ['lacks a field', profileFile({ recommendedCpu: undefined }), 'recommendedCpu.*PROFILE_UNREADABLE'],
    ['has a field of another type', profileFile({ recommendedMemoryInGB: '0.6' }), 'recommendedMemoryInGB.*PROFILE_UNREADABLE'],
    [
      'has settings of another type',
      profileFile({ sessionOptions: { intraOpNumThreads: 1, workers: 1.5 } }),
      'sessionOptions.workers',
    ],
    ['has alternatives without a size', profileFile({ alternatives: [{ cpu: 1 }] }), 'alternatives.*PROFILE_UNREADABLE'],
    ['has alternatives that are no list', profileFile({ alternatives: 'many' }), 'alternatives.*PROFILE_UNREADABLE'],
    ['has percentiles that are none', profileFile({ percentiles: [null] }), 'percentiles.*PROFILE_UNREADABLE'],
    ['records a failure', profileFile({ state: 'Failed', error: 'target unreachable' }), 'target unreachable.*PROFILE_FAILED'],
  ])('refuses a profile that %s', (_, file, message) => {
    expect(() => bind(Sizing.fromProfile(file))).toThrow(new RegExp(message));
  });
});

test("no sizing gives v1's default and a warning that says how to measure", () => {
  const stack = newStack();
  expect(bind(Sizing._unmeasured(), 'aks', stack)).toMatchObject({ cpu: 0.1, memoryInGB: 0.5 });
  expect(messages(stack)).toEqual([expect.stringMatching(/warn.*SIZE_NOT_MEASURED.*model-serving profile/)]);
});
