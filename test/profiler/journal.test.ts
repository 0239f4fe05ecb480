import * as fs from 'fs';
import { Journal } from '../../src/profiler/journal';
import { temporaryFile } from '../support/files';

const never = () => Promise.reject(new Error('measured again'));

describe('a journal', () => {
  test('takes each step once and keeps it for a later walk', async () => {
    const file = temporaryFile('raw.jsonl', '');
    fs.rmSync(file);
    const first = new Journal('a', file);
    await first.step('cold', () => ({ ms: 812 }));
    await first.step('window', () => ({ latenciesMs: Float64Array.of(1.5, 2.25, Infinity) }));
    first.close();

    const second = new Journal('a', file);
    expect(await second.step('cold', never)).toEqual({ ms: 812 });
    expect(await second.step('window', never)).toEqual({ latenciesMs: Float64Array.of(1.5, 2.25, Infinity) });
    expect(await second.step('new', () => 'taken now')).toBe('taken now');
    second.close();
  });

  test('gives a step the same value when it is taken and when it is read', async () => {
    const file = temporaryFile('raw.jsonl', '');
    fs.rmSync(file);
    const live = new Journal('a', file);
    const taken = await live.step('window', () => ({ at: Float64Array.of(0.1, 1 / 3), left: undefined }));
    live.close();

    const later = new Journal('a', file);
    expect(await later.step('window', never)).toEqual(taken);
    expect(later.createdTime).toBe(live.createdTime);
    later.close();
  });

  test.each([2, 7, 40])('loses at most the step that was being written, %i bytes of it cut off', async cut => {
    const file = temporaryFile('raw.jsonl', '');
    fs.rmSync(file);
    const killed = new Journal('a', file);
    await killed.step('first', () => 1);
    await killed.step('second', () => ({ some: 'value that is long enough to be cut in the middle' }));
    killed.close();
    fs.truncateSync(file, fs.statSync(file).size - cut);

    const resumed = new Journal('a', file);
    expect(await resumed.step('first', never)).toBe(1);
    expect(await resumed.step('second', () => 'again')).toBe('again');
    resumed.close();
    const third = new Journal('a', file);
    expect(await third.step('second', never)).toBe('again');
    third.close();
  });

  test('refuses the measurements of something else and leaves them as they are', async () => {
    const file = temporaryFile('raw.jsonl', '');
    fs.rmSync(file);
    const other = new Journal('a', file);
    await other.step('first', () => 1);
    other.close();
    const before = fs.readFileSync(file, 'utf8');

    expect(() => new Journal('b', file)).toThrow(expect.objectContaining({ code: 'JOURNAL_FOREIGN' }));
    expect(fs.readFileSync(file, 'utf8')).toBe(before);
  });

  test('refuses a file that is no raw file instead of writing over it', () => {
    const file = temporaryFile('notes.txt', 'what I wanted to keep');
    expect(() => new Journal('a', file)).toThrow(expect.objectContaining({ code: 'JOURNAL_FOREIGN' }));
    expect(fs.readFileSync(file, 'utf8')).toBe('what I wanted to keep');
  });

  test('tells the time of the last step that was walked, on a later walk as on the first', async () => {
    const file = temporaryFile('raw.jsonl', '');
    fs.rmSync(file);
    const first = new Journal('a', file);
    await first.step('one', () => new Promise(resolve => setTimeout(() => resolve(1), 30)));
    const afterOne = first.elapsedMs;
    await first.step('two', () => new Promise(resolve => setTimeout(() => resolve(2), 30)));
    const afterTwo = first.elapsedMs;
    first.close();

    const second = new Journal('a', file);
    await second.step('one', never);
    expect(second.elapsedMs).toBe(afterOne);
    await second.step('two', never);
    expect(second.elapsedMs).toBe(afterTwo);
    expect(afterTwo).toBeGreaterThan(afterOne);
    second.close();
  });

  test('does not keep a step that failed', async () => {
    const journal = new Journal('a');
    await expect(journal.step('window', () => Promise.reject(new Error('stopped')))).rejects.toThrow('stopped');
    expect(journal.has('window')).toBe(false);
    expect(await journal.step('window', () => 'works now')).toBe('works now');
  });
});
