// The limit of the model: the same session in a loop, with nothing around it. Prints one line of JSON, times in microseconds.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [runtimeFolder, modelFolder, shape, seconds] = process.argv.slice(2);
const ort = createRequire(join(runtimeFolder, 'package.json'))('onnxruntime-node');
const dims = shape.split(',').map(Number);
const input = readFileSync(join(modelFolder, 'input.f32'));
const values = new Float32Array(input.buffer.slice(input.byteOffset, input.byteOffset + 4 * dims.reduce((a, b) => a * b)));
const session = await ort.InferenceSession.create(join(modelFolder, 'model.onnx'), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const names = [session.outputNames[0]];

const run = async limitMs => {
  const times = [];
  const start = performance.now();
  for (let now = start, before; now - start < limitMs; times.push(1000 * (now - before))) {
    before = now;
    await session.run({ data: new ort.Tensor('float32', values, dims) }, names);
    now = performance.now();
  }
  return { times: Float64Array.from(times).sort(), elapsedMs: performance.now() - start };
};
await run(500);
const { times, elapsedMs } = await run(1000 * Number(seconds));
const at = p => times[Math.min(times.length - 1, Math.floor(p * times.length))];
console.log(JSON.stringify({ rate: (1000 * times.length) / elapsedMs, p50: at(0.5), p99: at(0.99) }));
