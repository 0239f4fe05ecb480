// Takes pictures of profile reports with the Chromium that is on PATH: wide, phone, dark, and paper.
// node bench/report-screenshots.mjs report.html … [--out docs/images] [--whole]
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
const VIEWS = [
  { name: 'wide', width: 1280, height: 1500, scheme: 'light' },
  { name: 'dark', width: 1280, height: 1500, scheme: 'dark' },
  { name: 'phone', width: 390, height: 1600, scheme: 'light' },
  { name: 'phone-dark', width: 390, height: 1600, scheme: 'dark' },
];
/** Pictures live in the repository. */
const MOST_BYTES = 300_000;

const { values, positionals } = parseArgs({
  options: { out: { type: 'string', default: 'docs/images' }, whole: { type: 'boolean', default: false } },
  allowPositionals: true,
});

async function takeAll(program) {
  const profile = mkdtempSync(join(tmpdir(), 'report-screenshots-'));
  const chrome = new Chrome(program, profile);
  mkdirSync(values.out, { recursive: true });
  try {
    for (const file of positionals) await take(chrome, resolve(file));
  } finally {
    await chrome.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function take(chrome, file) {
  const name = join(values.out, basename(file, extname(file)));
  const page = await chrome.open(pathToFileURL(file).href);
  for (const view of VIEWS) {
    const { width, height: top, scheme } = view;
    await page('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    await page('Emulation.setDeviceMetricsOverride', { width, height: top, deviceScaleFactor: 1, mobile: width < 600 });
    const { cssContentSize: size } = await page('Page.getLayoutMetrics');
    if (size.width > width) console.log(`${name}: ${size.width} px wide on a page of ${width} px`);
    const height = values.whole ? size.height : Math.min(top, size.height);
    const clip = { x: 0, y: 0, width, height, scale: 1 };
    const { data } = await page('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip });
    save(`${name}-${view.name}.png`, data);
  }
  const { data } = await page('Page.printToPDF', { printBackground: true, preferCSSPageSize: true });
  if (values.whole) save(`${name}.pdf`, data);
}

function save(file, base64) {
  writeFileSync(file, Buffer.from(base64, 'base64'));
  const { size } = statSync(file);
  console.log(
    `${file} ${(size / 1000).toFixed(0)} kB${size > MOST_BYTES && !values.whole ? ': more than the 300 kB for a picture' : ''}`,
  );
  if (size > MOST_BYTES && !values.whole) process.exitCode = 1;
}

/** Speaks the DevTools protocol through a pipe: two file descriptors, messages that end with a zero byte. */
class Chrome {
  #waiting = new Map();
  #listeners = new Map();
  #last = 0;
  #unread = '';

  constructor(program, profile) {
    const args = [
      '--headless',
      '--no-sandbox',
      '--hide-scrollbars',
      '--disable-gpu',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
    ];
    this.child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    this.ended = new Promise(end => this.child.on('exit', end));
    this.child.on('exit', () => this.#waiting.forEach(({ reject }) => reject(new Error(`${program} ended`))));
    this.child.stdio[4].setEncoding('utf8').on('data', text => this.#read(text));
  }

  /** A page that has loaded, as a function that sends commands to it. */
  async open(url) {
    const { targetId } = await this.#send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#send('Target.attachToTarget', { targetId, flatten: true });
    const page = (method, params = {}) => this.#send(method, params, sessionId);
    await page('Page.enable');
    const loaded = new Promise(done => this.#listeners.set(sessionId, method => method === 'Page.loadEventFired' && done()));
    await page('Page.navigate', { url });
    await loaded;
    return page;
  }

  async close() {
    await this.#send('Browser.close').catch(() => this.child.kill());
    await this.ended;
  }

  #send(method, params = {}, sessionId) {
    const id = ++this.#last;
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((done, reject) => this.#waiting.set(id, { done, reject, method }));
  }

  #read(text) {
    const messages = (this.#unread + text).split('\0');
    this.#unread = messages.pop();
    for (const { id, method, sessionId, result, error } of messages.map(each => JSON.parse(each))) {
      if (id === undefined) this.#listeners.get(sessionId)?.(method);
      else if (error) this.#waiting.get(id)?.reject(new Error(`${this.#waiting.get(id).method}: ${error.message}`));
      else this.#waiting.get(id)?.done(result);
      this.#waiting.delete(id);
    }
  }
}

const browser = BROWSERS.find(name => spawnSync(name, ['--version']).status === 0);
if (positionals.length === 0) {
  console.error('usage: node bench/report-screenshots.mjs report.html … [--out docs/images] [--whole]');
  process.exitCode = 2;
} else if (!browser) {
  console.log(`skipped: none of ${BROWSERS.join(', ')} is on PATH; on Debian: apt-get install chromium`);
} else {
  await takeAll(browser);
}
