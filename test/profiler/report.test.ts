import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import * as v8 from 'v8';
import type { Profile } from '../../src/profiler/profile';
import { temporaryFolder } from '../support/files';
import { bundle } from './support/programs';
import {
  bare,
  convolution,
  crowded,
  drowned,
  hostile,
  pythonScript,
  quickModelled,
  treeEnsemble,
} from './support/sample-profile';

const SAMPLES = {
  convolution: convolution(),
  again: convolution(),
  treeEnsemble: treeEnsemble(),
  pythonScript: pythonScript(),
  quickModelled: quickModelled(),
  bare: bare(),
  hostile: hostile('<img src=x onerror="alert(1)">&\'</script>'),
  crowded: crowded(),
  drowned: drowned(),
};
type Sample = keyof typeof SAMPLES;

/** Renders as the command does, bundled: the drawing library is a module that only a bundler or Node.js itself loads. */
function render(profiles: Record<Sample, Profile>): Record<Sample, string> {
  const [input, output] = ['profiles', 'pages'].map(name => path.join(temporaryFolder(), name));
  fs.writeFileSync(input, v8.serialize(profiles));
  const script = `
    const { renderReport } = require(${JSON.stringify(bundle('src/profiler/report.ts'))});
    const { readFileSync, writeFileSync } = require('fs');
    const v8 = require('v8');
    const pages = Object.entries(v8.deserialize(readFileSync(process.argv[1]))).map(([name, profile]) => [name, renderReport(profile)]);
    writeFileSync(process.argv[2], v8.serialize(Object.fromEntries(pages)));`;
  execFileSync(process.execPath, ['-e', script, input, output], { timeout: 60_000 });
  return v8.deserialize(fs.readFileSync(output)) as Record<Sample, string>;
}

const matches = (html: string, pattern: RegExp): string[] => [...html.matchAll(pattern)].map(([, group]) => group);
const topics = (html: string): string[] => matches(html, /<h2>([^<]+)<\/h2>/g);
const text = (html: string): string => html.slice(html.indexOf('<main>')).replace(/<[^>]+>/g, '\n');

describe('renderReport', () => {
  let pages: Record<Sample, string>;
  beforeAll(() => {
    pages = render(SAMPLES);
  }, 90_000);

  const each = (check: (html: string, name: Sample) => void) =>
    (Object.keys(SAMPLES) as Sample[]).forEach(name => check(pages[name], name));

  test('fetches nothing: no script, no link, no picture, no address', () => {
    each(html => {
      expect(html).not.toMatch(/<(script|link|img|iframe|image|use|object)\b|@import|url\((?!#)|(?:src|href)="(?!#)/);
      expect(html.match(/https?:\/\/(?!www\.w3\.org\/)/g)).toBeNull();
    });
  });

  test('stays below a megabyte with all that a long profile can hold', () => {
    expect(pages.crowded.length).toBeLessThan(1_000_000);
    expect(pages.convolution.length).toBeLessThan(350_000);
  });

  test('begins with the sentence, how sure it is, and the cost', () => {
    const words = text(pages.convolution);
    const places = [SAMPLES.convolution.result.summary, 'verified under its real limits', 'an hour', 'Why these numbers'].map(
      word => words.indexOf(word),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });

  test('has every part where everything was measured, in reading order', () => {
    expect(topics(pages.treeEnsemble)).toEqual([
      ...[
        'Why these numbers',
        'Before you trust it',
        'Cost against latency',
        'Capacity against cores',
        'Latency, predicted and measured',
      ],
      ...['Throttling', 'Threads, spinning, workers', 'Memory', 'Requests at once', 'Arrivals and queue', 'Heaviest operators'],
      ...['What was kept and discarded', 'Percentiles', 'Other targets, other sizes', 'Replicas and scaling'],
      ...['Where this comes from', 'How to read this page'],
    ]);
  });

  test('leaves out what was not measured instead of showing it empty', () => {
    expect(topics(pages.bare)).toEqual(['Before you trust it', 'Percentiles', 'Where this comes from', 'How to read this page']);
    expect(topics(pages.pythonScript)).not.toContain('Heaviest operators');
    expect(topics(pages.quickModelled)).not.toContain('Throttling');
  });

  test('never prints a value that is none', () => {
    each(html => expect(text(html)).not.toMatch(/\b(undefined|NaN|Infinity|null|\[object)\b/));
    each(html => expect(html).not.toMatch(/="[^"]*\b(NaN|Infinity)\b/));
  });

  test('every drawing has a sentence above it and says the same to who cannot see it', () => {
    each((html, name) => {
      const figures = html.split('<div class="figure">').slice(1);
      expect(figures.length).toBe(name === 'bare' ? 0 : matches(html, /<figure>(.)/g).length);
      for (const figure of figures) {
        const [takeaway] = matches(figure, /<p class="takeaway">([^<]+)<\/p>/g);
        const labels = matches(figure, /<svg [^>]*role="img" aria-label="([^"]+)"/g);
        expect(takeaway.length).toBeGreaterThan(20);
        expect(labels.length).toBeGreaterThan(0);
        for (const label of labels) expect(label.startsWith(takeaway)).toBe(true);
      }
    });
  });

  test('names the message of a drawing with its numbers', () => {
    const { result } = SAMPLES.convolution;
    expect(pages.convolution).toContain(`is the cheapest size with p95 under ${result.objective.latencyMs} ms`);
    expect(pages.convolution).toMatch(/0\.9 cores fails: \d+ ms measured\./);
    expect(pages.convolution).toMatch(/p95 was predicted as \d+ ms and measured as \d+ ms; the target is 120 ms/);
  });

  test('says verdicts in words, not in colours alone', () => {
    expect(pages.convolution).toMatch(/<td class="holds"[^>]*>✓ holds/);
    expect(pages.convolution).toMatch(/<td class="fails"[^>]*>✗ fails/);
  });

  test('a size that nobody ran is not called verified', () => {
    const words = text(pages.quickModelled);
    for (const mark of ['modelled, not run under its limits', 'quick: resolves less', 'synthetic inputs'])
      expect(words).toContain(mark);
    expect(words).not.toMatch(/✓ (verified|run|holds)/);
    for (const warning of SAMPLES.quickModelled.result.warnings) expect(words.toLowerCase()).toContain(warning.toLowerCase());
  });

  test('says "not resolvable" where the sample is too small', () => {
    expect(pages.convolution).toMatch(/p99\.9<\/th><td class="faint"[^>]*>not resolvable/);
  });

  test('a run whose requests were not answered is shown as failed', () => {
    expect(pages.drowned).toContain('0.9 cores fails: requests were not answered.');
    expect(pages.drowned).toContain('without bound');
  });

  test('lists what was discarded and why', () => {
    expect(pages.convolution).toContain('What was discarded and why (4)');
    expect(pages.convolution).toContain('the hypervisor took 4 % of a core');
  });

  test('what others wrote cannot become markup, in the page or in a drawing', () => {
    expect(pages.hostile).not.toContain('<img');
    expect(pages.hostile).not.toContain('onerror="');
    expect(pages.hostile).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;');
  });

  test('the command to measure again is safe to paste', () => {
    expect(pages.hostile).toContain(
      'model-serving profile &#39;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;\\&#39;&#39;&lt;/script&gt;&#39;',
    );
  });

  test('the same profile gives the same bytes', () => {
    expect(pages.again).toBe(pages.convolution);
  });

  test('colours are variables, so that light, dark and paper need no second drawing', () => {
    const painted = matches(pages.treeEnsemble, / (?:fill|stroke)="([^"]+)"/g);
    expect(painted.filter(color => color.startsWith('var(--')).length).toBeGreaterThan(100);
    expect([...new Set(painted.filter(color => !/^(var\(--[\w-]+\)|none|#000)$/.test(color)))]).toEqual([]);
    for (const rule of ['prefers-color-scheme: dark', '@media print', 'max-width: 620px'])
      expect(pages.treeEnsemble).toContain(rule);
  });

  test('no identifier occurs twice and every reference leads somewhere', () => {
    each(html => {
      const ids = matches(html, / id="([^"]+)"/g);
      expect(new Set(ids).size).toBe(ids.length);
      for (const target of [...matches(html, /url\(#([^)]+)\)/g), ...matches(html, /href="#([^"]+)"/g)])
        expect(ids).toContain(target);
    });
  });
});
