import * as fs from 'fs';
import * as path from 'path';
import { sha256File } from '../../src/core/fingerprint';
import { readInputSet } from '../../src/profiler/inputs';
import { Profile } from '../../src/profiler/profile';
import { SIZE_GRIDS } from '../../src/sizing/compute-size';
import { temporaryFolder } from '../support/files';
import { goal, leftovers, profile } from './support/brief-profile';
import { DIGITS, SAMPLES, scoringServer } from './support/programs';

describe('a profile of a real model in the real server', () => {
  const journal = path.join(temporaryFolder(), 'raw.jsonl');
  const messages: string[] = [];
  const options = () => goal({ inputs: readInputSet(SAMPLES), serverBundle: server, journal });
  let server: string;
  let made: Profile;

  // measured once: what each test looks at is the same result
  beforeAll(async () => {
    server = scoringServer();
    made = await profile(options(), ({ message, done }) => messages.push(`${done.toFixed(2)} ${message}`));
  });

  test('chooses a legal size that has room for what was measured', () => {
    const { result } = made;
    const grid = SIZE_GRIDS.aci;
    expect(result).toMatchObject({
      schemaVersion: 1,
      name: 'digits',
      state: 'Succeeded',
      requestedQueriesPerSecond: 100,
      successRate: 1,
      model: { file: 'digits.onnx', sha256: sha256File(DIGITS), onnxRuntimeVersion: expect.stringMatching(/^\d+\.\d+/) },
      objective: { target: 'aci', rate: 100, percentile: 0.95, latencyMs: 2000 },
      sessionOptions: { intraOpNumThreads: 1, interOpNumThreads: 1, allowSpinning: false },
    });
    expect(result.recommendedCpu * 10).toBeCloseTo(Math.round(result.recommendedCpu * 10), 9);
    expect(result.recommendedCpu).toBeLessThanOrEqual(result.requestedCpu);
    expect(result.recommendedMemoryInGB).toBeGreaterThanOrEqual(grid.minMemoryInGB);
    // a Node.js process and ONNX Runtime need some tens of MiB, twice
    expect(result.runPeakMemoryInGB).toBeGreaterThan(0.05);
    expect(result.runPeakMemoryInGB).toBeLessThan(1);
    expect(result.recommendedMemoryInGB).toBeGreaterThan(result.runPeakMemoryInGB);
    expect(result.runPeakMemoryInGB).toBeGreaterThanOrEqual(result.loadPeakMemoryInGB);
    expect(result.cpuMsPerRequest).toBeGreaterThan(0);
    expect(result.coldStartMs).toBeGreaterThan(0);
    expect(result.latencyPercentile50InMs).toBeLessThanOrEqual(result.latencyPercentile90InMs);
    expect(result.latencyPercentile90InMs).toBeLessThanOrEqual(result.latencyPercentile95InMs);
  });

  test('says what it rests on', () => {
    const { result, series } = made;
    expect(result.summary).toContain(result.evidence === 'verified' ? ', verified' : 'modelled, not verified');
    expect(result.evidence === 'verified').toBe(result.verification?.holds === true);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(series.reasons.length).toBeGreaterThanOrEqual(3);
    expect(series.sizes.some(each => each.cpu === result.recommendedCpu)).toBe(true);
    expect(series.memory.points.length).toBeGreaterThan(10);
  });

  test('says how far it is, and ends with the result', () => {
    expect(messages.length).toBeGreaterThan(5);
    expect(messages[messages.length - 1]).toBe(`1.00 ${made.result.summary}`);
  });

  test('leaves no process and no control group behind', async () => {
    expect(await leftovers()).toEqual([]);
  });

  test('gives the same bytes from the same raw file, without measuring anything', async () => {
    const raw = fs.readFileSync(journal, 'utf8');
    fs.writeFileSync(server, 'process.exit(3); // a server would not even start now');

    const again = await profile(options());
    expect(JSON.stringify(again)).toBe(JSON.stringify(made));
    expect(fs.readFileSync(journal, 'utf8')).toBe(raw);
  });
});
