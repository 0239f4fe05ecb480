// What the package costs a synth: loading the entry, a stack beside the same one written by hand, a model of 3 GiB.
//
//   npm run bench:synth                prints medians, quartiles and limits
//   npm run bench:synth -- --assert    and ends with 1 where a limit is passed
import { build } from 'esbuild';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { measure, median, summary } from './measure.mjs';

const LIMITS = { entryMs: 150, entryMiB: 30, synthRatio: 1.25, modelMiB: 32 };
const GIB = 1024 ** 3;

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
let exceeded = false;

try {
  console.log(`Node.js ${process.version}, ${cpus().length} × ${cpus()[0].model}. Median (quartiles).`);
  entryLoad();
  await aciSynth();
  await modelSize();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (exceeded && process.argv.includes('--assert')) process.exit(1);

/** A process that has loaded cdktf, as every stack has, loads our entry; then, to know the worst, everything in it. */
function entryLoad() {
  const script = use => `
    require('cdktf');
    const [rss, start] = [process.memoryUsage().rss, performance.now()];
    const ours = require('./lib');
    ${use}
    globalThis.benchReport = { addedMs: performance.now() - start, addedMiB: (process.memoryUsage().rss - rss) / 2 ** 20 };`;
  const { entry, everything } = measure(
    {
      entry: { args: ['-e', script('')] },
      everything: { args: ['-e', script('for (const name of Object.keys(ours)) ours[name];')] },
    },
    15,
    folder,
  );
  console.log('\nLoading the entry, over cdktf');
  limit(
    '  time, ms',
    entry.map(run => run.addedMs),
    LIMITS.entryMs,
  );
  limit(
    '  memory, MiB',
    entry.map(run => run.addedMiB),
    LIMITS.entryMiB,
  );
  console.log(
    `  every export used: ${summary(everything.map(run => run.addedMs))} ms, ${summary(everything.map(run => run.addedMiB))} MiB`,
  );
}

/** Whole processes, as `cdktf synth` starts them: load, build, validate, write. */
async function aciSynth() {
  const ours = await bundle('examples/aci/main.ts', 'ours');
  const byHand = await bundle('bench/hand-written-aci.ts', 'by-hand');
  const app = file => ({ args: [file], env: { CDKTF_OUTDIR: `${file}.out` } });
  const runs = measure({ ours: app(ours), byHand: app(byHand) }, 15, folder);
  refuseUnequal(resourceCounts(`${ours}.out`), resourceCounts(`${byHand}.out`));

  console.log('\nSynth of the ACI example, over the same resources written by hand');
  for (const [what, of] of [
    ['time', 'wallMs'],
    ['CPU time', 'cpuMs'],
    ['peak memory', 'peakMiB'],
  ]) {
    const [a, b] = [runs.ours.map(run => run[of]), runs.byHand.map(run => run[of])];
    const ratio = median(a) / median(b);
    const text = `  ${what}: ${summary(a, 0)} over ${summary(b, 0)} ${of.endsWith('MiB') ? 'MiB' : 'ms'}: ${ratio.toFixed(2)}`;
    if (of === 'wallMs') judge(text, ratio, LIMITS.synthRatio);
    else console.log(text);
  }
}

/** The example as TypeScript's users run it: compiled, against the compiled package and the installed bindings. */
async function bundle(entry, name) {
  const outfile = resolve('node_modules/.cache/cdktf-model-serving/bench', `${name}.js`);
  const compiled = {
    name: 'compiled-package',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^(\.\.\/)+src(\/index)?$|^cdktf-model-serving$/ }, () => ({
        path: resolve('lib/index.js'),
        external: true,
      })),
  };
  const external = ['cdktf', 'constructs', '@cdktf/*'];
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external,
    plugins: [compiled],
    logLevel: 'warning',
  });
  return outfile;
}

function resourceCounts(outdir) {
  const stack = JSON.parse(readFileSync(join(outdir, 'stacks/aci/cdk.tf.json'), 'utf8'));
  const count = types => Object.entries(types ?? {}).map(([type, instances]) => `${type} × ${Object.keys(instances).length}`);
  return [...count(stack.resource), ...count(stack.data).map(text => `data.${text}`)].sort();
}

function refuseUnequal(ours, byHand) {
  if (String(ours) !== String(byHand)) throw new Error(`not the same resources:\n  example ${ours}\n  by hand ${byHand}`);
}

/** The digest cache is empty and the files are new, so that the model is read as on the first synth. */
async function modelSize() {
  const app = await bundle('bench/model-size.ts', 'model-size');
  const variants = Object.fromEntries(
    Object.entries({ tiny: 1024, large: 3 * GIB }).map(([name, bytes]) => {
      const model = join(folder, `${name}.onnx`);
      writeFileSync(model, '');
      truncateSync(model, bytes); // sparse: reads as zeros, takes no disk
      return [
        name,
        {
          args: [app],
          env: { MODEL_FILE: model, CDKTF_OUTDIR: join(folder, `${name}.out`), XDG_CACHE_HOME: join(folder, 'cache') },
        },
      ];
    }),
  );
  const forget = () =>
    ['tiny.out', 'large.out', 'cache'].forEach(made => rmSync(join(folder, made), { recursive: true, force: true }));
  const { tiny, large } = measure(variants, 3, folder, forget);

  console.log('\nSynth with a model of 3 GiB, over one of 1 KiB');
  const added = median(large.map(run => run.peakMiB)) - median(tiny.map(run => run.peakMiB));
  judge(
    `  peak memory: ${summary(large.map(run => run.peakMiB))} over ${summary(tiny.map(run => run.peakMiB))} MiB: +${added.toFixed(1)} MiB`,
    added,
    LIMITS.modelMiB,
  );
  console.log(
    `  time: ${summary(
      large.map(run => run.wallMs),
      0,
    )} over ${summary(
      tiny.map(run => run.wallMs),
      0,
    )} ms`,
  );
}

function limit(label, values, most) {
  judge(`${label}: ${summary(values)}`, median(values), most);
}

function judge(text, value, most) {
  if (value > most) exceeded = true;
  console.log(`${text} (limit ${most}: ${value > most ? 'exceeded' : 'kept'})`);
}
