import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { profileOperators } from '../../src/profiler/operators';
import { parseTrace, summarizeTrace, TraceEvent } from '../../src/profiler/operator-trace';
import { bundle } from './support/programs';

const fixture = (name: string): string => path.join(__dirname, '../fixtures/models', `${name}.onnx`);
const kernel = (name: string, operator: string, ts: number, dur: number): TraceEvent => ({
  ...{ cat: 'Node', name: `${name}_kernel_time`, ts, dur },
  args: { op_name: operator },
});
const run = (ts: number, dur: number): TraceEvent => ({ cat: 'Session', name: 'model_run', ts, dur });

describe('summarizeTrace', () => {
  test('adds up each operator per run, dearest first, and leaves the first run out', () => {
    const events = [
      ...[run(0, 900), kernel('a', 'Conv', 0, 800)],
      ...[run(1000, 100), kernel('a', 'Conv', 1000, 20), kernel('b', 'Gemm', 1020, 60)],
      ...[run(2000, 100), kernel('a', 'Conv', 2000, 20), kernel('b', 'Gemm', 2020, 60)],
    ];
    expect(summarizeTrace(events)).toEqual([
      { operator: 'Gemm', detail: 'b', ms: 0.06, share: 0.75 },
      { operator: 'Conv', detail: 'a', ms: 0.02, share: 0.25 },
    ]);
  });

  test('a node that runs others counts only what they do not', () => {
    const [inner, outer] = summarizeTrace([
      kernel('loop', 'Loop', 0, 100),
      kernel('m', 'MatMul', 5, 40),
      kernel('m', 'MatMul', 50, 45),
    ]);
    expect(inner).toMatchObject({ operator: 'MatMul', ms: 0.085 });
    expect(outer).toMatchObject({ operator: 'Loop', ms: 0.015 });
  });

  test('names the three heaviest nodes, and gives at most ten operators', () => {
    const many = Array.from({ length: 15 }, (_, i) => kernel(`n${i}`, i < 5 ? 'Conv' : `Op${i}`, i * 100, 90 - i));
    const costs = summarizeTrace(many);
    expect(costs).toHaveLength(10);
    expect(costs[0].detail).toBe('n0, n1, n2 and 2 more');
  });
});

test('a trace with foreign lines keeps the events that are whole', () => {
  expect(parseTrace('[null, 3, {"name": "x"}, {"cat": "Node", "name": "a_kernel_time", "ts": 1, "dur": 2}]')).toHaveLength(1);
  expect(() => parseTrace('{}')).toThrow('not a list of events');
});

describe('profileOperators', () => {
  let program: string;
  beforeAll(() => (program = bundle('src/profiler/operator-profile-main.ts')));
  const leftovers = (): string[] => fs.readdirSync(os.tmpdir()).filter(name => name.startsWith('model-serving-operators-'));

  test('finds the products inside the loop of a model that multiplies, and leaves no file', async () => {
    const before = leftovers();
    const { operators, reason } = await profileOperators(program, fixture('slow'), [{ body: '{"rounds": 20}' }]);
    expect(reason).toBeUndefined();
    expect(operators[0].operator).toBe('MatMul');
    expect(operators.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1);
    expect(leftovers().filter(name => !before.includes(name))).toEqual([]);
  });

  test('says why there is nothing to show where the input does not fit, or the model cannot be loaded', async () => {
    const misfit = await profileOperators(program, fixture('dense'), [{ body: '{"features": [[1]]}' }]);
    expect(misfit).toEqual({ operators: [], reason: expect.stringContaining('features') });
    const absent = await profileOperators(program, fixture('absent'), [{ body: '{}' }]);
    expect(absent).toEqual({ operators: [], reason: expect.stringContaining('absent.onnx') });
  });

  test('gives up on a model that takes longer than the cap', async () => {
    const endless = [{ body: '{"rounds": 100000000}' }];
    const { reason } = await profileOperators(program, fixture('slow'), endless, 20, 1000);
    expect(reason).toBe('it took longer than 1 s');
  });
});
