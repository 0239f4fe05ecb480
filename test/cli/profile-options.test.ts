import * as path from 'path';
import { ProfileError } from '../../src/profiler/errors';
import { checkLoad, objectiveOf, patternOf, subjectOf } from '../../src/cli/profile/options';
import { RawFile } from '../../src/cli/profile/raw-file';
import { parseUncertainFactor } from '../../src/cli/values';
import { InputSet } from '../../src/profiler/input-set';
import { temporaryFile, temporaryFolder } from '../support/files';
import * as fs from 'fs';

const MODEL = path.join(__dirname, '../../models/digits.onnx');
const SCRIPT = temporaryFile('score.js', '');

const inputSet = (trace?: InputSet['trace']): InputSet => ({ inputs: [{ body: '{}' }], synthetic: false, source: 'rows', trace });

describe('what is profiled', () => {
  test.each([
    ['a model', MODEL, {}, { model: MODEL }],
    ['a script', SCRIPT, {}, { entryScript: SCRIPT }],
    ['a script and its model', SCRIPT, { model: MODEL }, { entryScript: SCRIPT, model: MODEL }],
    ['a model and its script', MODEL, { entryScript: SCRIPT }, { entryScript: SCRIPT, model: MODEL }],
    ['a script and its Python', SCRIPT, { python: 'python3.11' }, { entryScript: SCRIPT, python: 'python3.11' }],
    ['an image', undefined, { image: 'scoring:1' }, { image: 'scoring:1' }],
  ])('is %s', (_, argument, options, expected) => {
    expect(subjectOf(argument, options)).toMatchObject(expected);
  });

  test.each([
    ['nothing', undefined, {}, /nothing to profile/],
    ['two models', MODEL, { model: MODEL }, /one subject/],
    ['two scripts', SCRIPT, { entryScript: SCRIPT }, /one subject/],
    ['a model and an image', MODEL, { image: 'scoring:1' }, /one subject/],
    ['a script and an image', SCRIPT, { image: 'scoring:1' }, /one subject/],
    ['a model that is not there', 'none.onnx', {}, /no file or folder "none.onnx"/],
    ['a Python without a script', MODEL, { python: 'python3' }, /--python/],
  ])('is not %s', (_, argument, options, message) => {
    expect(() => subjectOf(argument, options)).toThrow(message);
  });
});

describe('what is sent', () => {
  test('may be made up for a model, and for nothing else', () => {
    expect(() => checkLoad({}, { model: MODEL })).not.toThrow();
    expect(() => checkLoad({}, { entryScript: SCRIPT, model: MODEL })).toThrow(/no --input/);
    expect(() => checkLoad({}, { image: 'scoring:1' })).toThrow(/no --input/);
  });

  test('arrives as the profiler decides, unless said', () => {
    expect(patternOf({})).toBeUndefined();
    expect(patternOf({ pattern: 'constant' })).toEqual({ kind: 'constant' });
  });

  test.each([1.5, 3, 10, 100])('in bursts of factor %d is never more than the mean allows', burstFactor => {
    const pattern = patternOf({ pattern: 'burst', burstFactor });
    expect(pattern).toMatchObject({ kind: 'burst', factor: burstFactor });
    expect(pattern?.kind === 'burst' && pattern.factor * pattern.share).toBeLessThan(1);
  });

  test('arrives as recorded where the inputs are a trace, and only then', () => {
    const trace = { atMs: [0, 5, 30], order: [0, 0, 0] };
    expect(patternOf({ pattern: 'trace', input: 'rows' }, inputSet(trace))).toEqual({ kind: 'trace', ...trace });
    expect(() => patternOf({ pattern: 'trace', input: 'rows' }, inputSet())).toThrow(/rows has no arrival times/);
    expect(() => checkLoad({ pattern: 'trace' }, { model: MODEL })).toThrow(/no trace/);
    expect(() => checkLoad({ burstFactor: 3 }, { model: MODEL })).toThrow(/--burst-factor/);
  });
});

test('the latency is that of one percentile', () => {
  expect(objectiveOf({ 'p99.9': 500 })).toEqual({ percentile: 0.999, latencyMs: 500 });
});

describe('a speed factor', () => {
  test.each([
    ['0.8', { factor: 0.8 }],
    ['1.5±10%', { factor: 1.5, uncertainty: 0.1 }],
    ['0.8 +- 15 %', { factor: 0.8, uncertainty: 0.15 }],
  ])('can be %s', (text, expected) => {
    expect(parseUncertainFactor(text)).toEqual(expect.objectContaining(expected));
  });

  test.each(['', '0', 'fast', '0.8±0.1', '0.8±100%', '-1', '1.2.3'])('cannot be "%s"', text => {
    expect(() => parseUncertainFactor(text)).toThrow(/0\.8±10%/);
  });
});

describe('the raw measurements', () => {
  const interrupted = new ProfileError('INTERRUPTED', '', '');
  const mismatch = new ProfileError('INPUT_MISMATCH', '', '');

  test.each<[string, { raw?: boolean; resume?: boolean; error?: unknown }, { before: boolean; after: boolean }]>([
    ['go when the profile is made', {}, { before: false, after: false }],
    ['are gone on with where asked', { resume: true }, { before: true, after: false }],
    ['stay after an interruption', { resume: true, error: interrupted }, { before: true, after: true }],
    ['stay after a crash', { resume: true, error: new Error('?') }, { before: true, after: true }],
    ['go after a failure that they would only repeat', { resume: true, error: mismatch }, { before: true, after: false }],
    ['stay where the user named the file', { raw: true }, { before: true, after: true }],
  ])('%s', (_, { raw, resume, error }, { before, after }) => {
    const folder = temporaryFolder();
    const out = path.join(folder, 'profile.json');
    const options = { out, resume, raw: raw ? path.join(folder, 'measured.jsonl') : undefined };
    const file = options.raw ?? `${out}.raw.jsonl`;
    fs.writeFileSync(file, '{}\n');

    const measurements = new RawFile(options);
    expect(measurements.path).toBe(file);
    expect(fs.existsSync(file)).toBe(before);
    if (before) expect(RawFile.wayOn(options)).toMatch(raw ? /again/ : /--resume/);
    measurements.finish(error);
    expect(fs.existsSync(file)).toBe(after);
  });
});
