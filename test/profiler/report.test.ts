import { execFileSync } from 'child_process';
import * as path from 'path';
import type { Profile } from '../../src/profiler/profile';
import { temporaryFile } from '../support/files';
import { bundle } from './support/programs';

const candidates = Array.from({ length: 35 }, (_, i) => {
  const cpu = Number(((i + 1) / 10).toFixed(1));
  return { cpu, threads: 1, utilisation: 0.3 / cpu, predictedMs: i < 3 ? Infinity : 20 + 40 / cpu, holds: i >= 6 };
});

const PROFILE: Profile = {
  result: {
    ...{ schemaVersion: 1, name: 'digits <b>', state: 'Succeeded', createdTime: '2026-11-23T10:00:00.000Z' },
    ...{
      requestedCpu: 3.5,
      requestedMemoryInGB: 15,
      requestedQueriesPerSecond: 50,
      maxUtilizedCpu: 1,
      maxUtilizedMemoryInGB: 0.5,
    },
    ...{ totalQueries: 1000, successQueries: 1000, successRate: 1, averageLatencyInMs: 20, measuredQueriesPerSecond: 50 },
    ...{ latencyPercentile50InMs: 18, latencyPercentile90InMs: 28, latencyPercentile95InMs: 31 },
    ...{ recommendedCpu: 0.7, recommendedMemoryInGB: 0.6, recommendationLatencyInMs: 31, evidence: 'verified' },
    model: { file: 'digits.onnx', sha256: 'ab'.repeat(32), sizeInBytes: 30_000, onnxRuntimeVersion: '1.30.0' },
    objective: { target: 'aci', rate: 50, percentile: 0.95, latencyMs: 40 },
    sessionOptions: { intraOpNumThreads: 1, interOpNumThreads: 1, allowSpinning: false },
    ...{ cpuMsPerRequest: 6, coldStartMs: 700, loadPeakMemoryInGB: 0.4, runPeakMemoryInGB: 0.5 },
    summary: '0.7 cores, 0.6 GB, 1 thread: p95 31 ms (28–35) at 50 requests a second, verified; 0.6 cores fails: p95 64 ms',
    warnings: ['one input only: cost & memory that depend on it are not seen'],
    machine: { cpuModel: 'a processor', cores: 2, memoryInGB: 8, platform: 'linux', nodeVersion: 'v20' },
  },
  series: {
    candidates,
    distributions: [
      {
        label: '0.7 cores, predicted',
        kind: 'predicted',
        points: [
          [0.5, 17],
          [0.95, 30],
        ],
      },
      {
        label: '0.7 cores, verified',
        kind: 'verified',
        points: [
          [0.5, 18],
          [0.95, 31],
        ],
      },
    ],
    demands: [{ threads: 1, serialCpuMs: 5.5, atRateCpuMs: 6, serviceMs: 7, capacity: 150, windowCpuMs: [5.4, 5.6] }],
    memory: {
      points: [
        { atMs: 0, bytes: 1e8 },
        { atMs: 900, bytes: 5e8 },
      ],
      loadedAtMs: 700,
      peakBytes: 5.2e8,
    },
    runs: [
      {
        cpu: 0.7,
        memoryInGB: 0.6,
        threads: 1,
        verdict: 'holds',
        latencyMs: 31,
        intervalMs: [28, 35],
        predictedMs: 30,
        requests: 300,
        throttledRatio: 0.2,
        sendLagP99Ms: 0.4,
      },
      { cpu: 0.6, memoryInGB: 0.6, threads: 1, verdict: 'fails', latencyMs: 64, requests: 120, sendLagP99Ms: 0.4 },
    ],
    reasons: [{ choice: '0.7 cores', because: 'a request costs 6.00 ms of CPU', change: 'more requests' }],
    discarded: ['serial, 1 thread, second 3: the hypervisor took 4 % of a core'],
    windows: 12,
  },
};

describe('renderReport', () => {
  let html: string;

  // bundled, as the command runs it: the drawing library is a module that only a bundler or Node.js itself loads
  beforeAll(() => {
    const report = bundle('src/profiler/report.ts');
    const input = temporaryFile(
      'profile.json',
      JSON.stringify(PROFILE, (_, value: unknown) => (value === Infinity ? 1e99 : value)),
    );
    const script = `process.stdout.write(require(${JSON.stringify(report)}).renderReport(require(${JSON.stringify(path.resolve(input))})))`;
    html = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 60_000, maxBuffer: 1e7 });
  }, 60_000);

  test('is one small file that fetches nothing', () => {
    expect(html.length).toBeLessThan(1_000_000);
    expect(html).not.toMatch(/<script|<link|<img|@import|url\((?!#)|(?:src|href)="(?!#)/);
    expect(html.match(/https?:\/\/(?!www\.w3\.org)/g)).toBeNull();
  });

  test('begins with the sentence', () => {
    const text = html.slice(html.indexOf('<main>')).replace(/<[^>]+>/g, '\n');
    expect(text.indexOf(PROFILE.result.summary)).toBeGreaterThan(0);
    expect(text.indexOf(PROFILE.result.summary)).toBeLessThan(text.indexOf('Sizes around it'));
  });

  test('has every picture for wide pages and for phones, each described', () => {
    const drawings = html.match(/<svg [^>]*role="img" aria-label="[^"]{20,}"/g) ?? [];
    expect(drawings).toHaveLength(8);
    expect(html.match(/class="narrow"/g)).toHaveLength(4);
    for (const word of ['Latency against cores', 'answered in time', 'number of threads', 'Memory while loading'])
      expect(html).toContain(word);
  });

  test('says what the colours mean', () => {
    for (const label of ['1 thread, predicted', 'run under the limit: fails', '0.7 cores, verified', 'CPU, at the rate']) {
      expect(html).toContain(`</span>${label}</li>`);
    }
  });

  test('colours are variables, so that light and dark need no second drawing', () => {
    const painted = [...html.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, color]) => color);
    expect(painted.filter(color => color.startsWith('var(--')).length).toBeGreaterThan(50);
    expect([...new Set(painted.filter(color => !/^(var\(--|none$|none$|#000$)/.test(color)))]).toEqual([]);
    expect(html).toContain('prefers-color-scheme: dark');
  });

  test('no identifier occurs twice and every reference leads somewhere', () => {
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of html.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(target);
  });

  test('shows the chosen size, what was run, the reasons and what to know', () => {
    expect(html).toMatch(/<tr class="chosen"><td>0\.7 cores, 0\.6 GB<\/td><td>1 core, 1 GB<\/td>/);
    expect(html).toMatch(/<td class="fails">64 ms, fails<\/td>/);
    expect(html).toContain('because a request costs 6.00 ms of CPU.');
    expect(html).toContain('the hypervisor took 4 %');
    expect(html).toContain('1 of 12 measuring windows');
  });

  test('what others wrote cannot become markup', () => {
    expect(html).toContain('digits &lt;b&gt;');
    expect(html).toContain('cost &amp; memory');
  });
});
