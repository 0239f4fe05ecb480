// How long requests take to become tensors and outputs to become answers, beside what JSON.parse and JSON.stringify take.
// node bench/wire.mjs: a few seconds; prints medians of processor time in µs, and how many times as long the usual way takes.
import { buildSync } from 'esbuild';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { median } from './measure.mjs';

const ROUNDS = 15;
const ROUND_MS = 20;

const { decodeWire } = load('src/scoring/wire/decode.ts');

const random = xorshift(1);
const floats = count => Float32Array.from({ length: count }, () => random() * 2 - 1);
const tiny = { inputs: [input('x', ['N', 10])], outputs: [input('y', ['N', 3])] };
const image = { inputs: [input('x', ['N', 3, 224, 224])], outputs: [input('y', ['N', 3])] };
const row = floats(10);
const pixels = floats(3 * 224 * 224);
const planes = [0, 1, 2].map(c =>
  Array.from({ length: 224 }, (_, y) => Array.from(pixels.subarray((c * 224 + y) * 224, (c * 224 + y + 1) * 224))),
);
const tinyJson = Buffer.from(JSON.stringify({ x: [Array.from(row)] }));
const imageJson = Buffer.from(JSON.stringify({ x: [planes] }));
const oipJson = Buffer.from(
  JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3, 224, 224], data: Array.from(pixels) }] }),
);
const imageBytes = Buffer.from(pixels.buffer);
const header = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3,224,224],"parameters":{"binary_data_size":602112}}]}';
const oipBinary = Buffer.concat([Buffer.from(header.padEnd(112)), imageBytes]);
const three = [['y', tensor([1, 3], floats(3))]];
const thousand = [['y', tensor([1, 1024], floats(1024))]];
const many = [['y', tensor([1, 3, 224, 224], pixels)]];

const azureml = body => ({ protocol: 'azureml', modelName: 'm', contentType: 'application/json', body });
const oip = body => ({ protocol: 'oip', modelName: 'm', contentType: 'application/json', body });
const raw = { ...azureml(imageBytes), contentType: 'application/octet-stream' };
const binary = { ...oip(oipBinary), contentType: 'application/octet-stream', jsonBytes: '112' };
const anyRequest = decodeWire(tiny, azureml(tinyJson));

/** What each is compared with: as few steps as a server can take, with no check of anything. */
const CASES = {
  '10 floats in, 3 out, JSON': [
    () => decodeWire(tiny, azureml(tinyJson)).encode(three),
    () => (new Float32Array(JSON.parse(tinyJson.toString()).x.flat()), stringified(three)),
  ],
  '10 floats in, JSON': [
    () => decodeWire(tiny, azureml(tinyJson)),
    () => new Float32Array(JSON.parse(tinyJson.toString()).x.flat()),
  ],
  '1×3×224×224 in, JSON': [() => decodeWire(image, azureml(imageJson)), () => copied(JSON.parse(imageJson.toString('latin1')).x)],
  '1×3×224×224 in, OIP JSON': [
    () => decodeWire(image, oip(oipJson)),
    () => new Float32Array(JSON.parse(oipJson.toString('latin1')).inputs[0].data),
  ],
  '1×3×224×224 in, octet-stream': [() => decodeWire(image, raw), undefined],
  '1×3×224×224 in, OIP binary': [() => decodeWire(image, binary), undefined],
  '3 floats out, JSON': [() => anyRequest.encode(three), () => stringified(three)],
  '1024 floats out, JSON': [() => anyRequest.encode(thousand), () => stringified(thousand)],
  '1×3×224×224 out, JSON': [() => anyRequest.encode(many), () => stringified(many)],
};

const samples = Object.fromEntries(Object.keys(CASES).map(name => [name, [[], []]]));
for (let round = -2; round < ROUNDS; round++) {
  for (const [name, variants] of Object.entries(CASES)) {
    variants.forEach((run, index) => {
      const time = run === undefined ? NaN : microseconds(run);
      if (round >= 0) samples[name][index].push(time);
    });
  }
}
process.stdout.write(`Node.js ${process.version}\n${'µs'.padStart(42)}${'usual way'.padStart(14)}${'ratio'.padStart(8)}\n`);
for (const [name, [ours, usual]] of Object.entries(samples)) {
  const ratios = usual.map((time, i) => time / ours[i]);
  const columns = Number.isNaN(usual[0])
    ? ''
    : `${median(usual).toFixed(1).padStart(14)}${median(ratios).toFixed(2).padStart(8)}`;
  process.stdout.write(`${name.padEnd(30)}${median(ours).toFixed(1).padStart(12)}${columns}\n`);
}

/** Processor time per call, garbage collection included, over about `ROUND_MS`. */
function microseconds(run) {
  let calls = 0;
  const begin = process.cpuUsage();
  const end = performance.now() + ROUND_MS;
  for (let batch = 1; performance.now() < end; batch = Math.min(batch * 2, 256)) {
    for (let i = 0; i < batch; i++) run();
    calls += batch;
  }
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / calls;
}

function copied(batch) {
  const out = new Float32Array(3 * 224 * 224);
  let at = 0;
  for (const channels of batch)
    for (const rows of channels) for (const values of rows) for (let i = 0; i < values.length; i++) out[at++] = values[i];
  return out;
}

/** All outputs are rows or are written flat: shorter than nested arrays, in the usual way's favour. */
function stringified(outputs) {
  return Buffer.from(JSON.stringify(Object.fromEntries(outputs.map(([name, { data }]) => [name, [Array.from(data)]]))));
}

function input(name, shape) {
  return { name, type: 'float32', shape };
}

function tensor(dims, data) {
  return { type: 'float32', dims, data };
}

function load(file) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-wire-'));
  try {
    const outfile = join(folder, 'wire.js');
    buildSync({ entryPoints: [file], bundle: true, platform: 'node', target: 'node20', outfile, logLevel: 'warning' });
    return createRequire(import.meta.url)(outfile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function xorshift(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
