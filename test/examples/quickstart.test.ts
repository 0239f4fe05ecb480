import * as path from 'path';
import { synthesizeStacks } from '../../examples/quickstart/stacks';
import { table } from '../../examples/quickstart/table';
import { sha256File } from '../../src/core/fingerprint';
import { register } from '../../src/model/model-registry';
import { temporaryFolder } from '../support/files';

const modelFile = path.join(__dirname, '../../models/digits.onnx');

/** What the profiler writes, as far as sizing reads it. */
function profile(cpu: number, memoryInGB: number): string {
  return JSON.stringify({
    schemaVersion: 1,
    state: 'Succeeded',
    recommendedCpu: cpu,
    recommendedMemoryInGB: memoryInGB,
    model: { sha256: sha256File(modelFile) },
    objective: { target: 'aci', rate: 50, percentile: 0.95, latencyMs: 40 },
    sessionOptions: { intraOpNumThreads: 1, interOpNumThreads: 1, allowSpinning: false },
  });
}

test("the quickstart's three stacks all get the profiled cores and memory", () => {
  const folder = temporaryFolder({ 'profile.json': profile(0.7, 0.5) });
  const lockFile = path.join(folder, 'models.lock.json');
  register(lockFile, { name: 'digits', source: modelFile });

  const stacks = synthesizeStacks({
    modelFile,
    lockFile,
    profile: path.join(folder, 'profile.json'),
    outdir: path.join(folder, 'out'),
  });

  expect(stacks.map(({ name, cpu, memory }) => [name, cpu, memory])).toEqual([
    ['local', '0.7', '512 MiB'],
    ['aci', '0.7', '0.5 GB'],
    ['aks', '0.7', '512 MiB'],
  ]);
  expect(stacks.map(({ file }) => path.relative(folder, file))).toEqual(
    ['local', 'aci', 'aks'].map(name => path.join('out', 'stacks', name, 'cdk.tf.json')),
  );
});

test('a table is as wide as its widest cells', () => {
  expect(table(['a', 'name'], [['long', 'x']], ' ')).toBe(' a     name\n long  x');
});
