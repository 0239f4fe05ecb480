import type { ProfileResult } from '../../sizing/profile-result';
import type { Profile } from '../profile';
import { gigabytes, percentileName } from '../summary';
import { count, perSecond, percent } from './format';
import { definitions, details, escapeHtml, paragraph, Section } from './html';

/** Where the numbers come from: machine, inputs, prices; how to get them again and how to use them. */
export function origin({ result }: Profile): Section {
  const { machine, model, inputs, transfer, cost, verification, createdTime } = result;
  const facts: ReadonlyArray<readonly [string, string | undefined]> = [
    ['Measured', createdTime],
    ['Machine', machineText(machine)],
    ['Programs', `Node.js ${machine.nodeVersion}${model.onnxRuntimeVersion ? `, ONNX Runtime ${model.onnxRuntimeVersion}` : ''}`],
    [
      'On another machine',
      transfer ? transferText(transfer) : 'Another processor needs another size: profile on the kind of machine that will serve.',
    ],
    ['Limits', verification && LIMITS[verification.limits]],
    ['Inputs', inputs && inputText(inputs)],
    [
      'Load',
      `open loop from a separate process, ${inputs?.pattern ?? 'poisson'} arrivals, ${perSecond(result.objective.rate)} requests a second; latency counts from the moment a request was due`,
    ],
    ['Requests', `${result.totalQueries} sent, ${result.successQueries} answered (${percent(result.successRate)})`],
    ['Prices', cost?.prices],
    ['Model', `${model.file}, ${(model.sizeInBytes / 1e6).toPrecision(3)} MB${model.sha256 ? `, sha256 ${model.sha256}` : ''}`],
  ];
  const told = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  return {
    id: 'origin',
    topic: 'Where this comes from',
    html:
      definitions(told, 'origin') +
      paragraph('Measure again:') +
      code(reproduce(result)) +
      paragraph('Size a service with it:') +
      code("sizing: Sizing.fromProfile('profile.json')"),
  };
}

function machineText({
  cpuModel,
  cores,
  cpuQuota,
  memoryInGB,
  platform,
  instructionSets,
  virtualised,
}: ProfileResult['machine']) {
  return [
    ...[cpuModel, count(cores, 'core'), ...(cpuQuota === undefined ? [] : [`of which the profiler was allowed ${cpuQuota}`])],
    ...[gigabytes(memoryInGB), platform, ...(virtualised ? ['virtual'] : [])],
    ...(instructionSets === undefined ? [] : [`with ${instructionSets.join(' ')}`]),
  ].join(', ');
}

const code = (text: string): string => `<pre><code>${escapeHtml(text)}</code></pre>`;

function transferText({
  statement,
  factor,
  uncertainty,
  hostGigaMultiplyAdds,
  hostMemoryGigabytes,
}: NonNullable<ProfileResult['transfer']>): string {
  const host = `${hostGigaMultiplyAdds.toPrecision(3)} · 10⁹ multiply-adds and ${hostMemoryGigabytes.toPrecision(3)} · 10⁹ bytes of memory a second`;
  return `${statement.replace(/\.$/, '')}. A core here: ${host}; speed of a target core: ${Number(factor.toFixed(2))} of it, ± ${percent(uncertainty)}.`;
}

const LIMITS: Record<NonNullable<ProfileResult['verification']>['limits'], string> = {
  docker: 'set by Docker on a fresh container',
  'cgroup-v1': 'set by a control group (version 1) on fresh processes',
  'cgroup-v2': 'set by a control group (version 2) on fresh processes',
  simulated: 'simulated, not set',
};

function inputText({ count: all, distinct, synthetic, source }: NonNullable<ProfileResult['inputs']>): string {
  const made = synthetic ? '; made up from the model’s signature, so that cost which depends on values was not seen' : '';
  return `${count(all, 'input')}, ${distinct} of them different, from ${source}${made}`;
}

/** The command that made this, as far as the profile tells. */
function reproduce({ model, inputs, objective, budget }: ProfileResult): string {
  const parts = [
    `model-serving profile ${quoted(model.file)}`,
    ...(inputs && !inputs.synthetic ? [`--input ${quoted(inputs.source)}`] : []),
    `--rate ${objective.rate} --${percentileName(objective.percentile)} ${objective.latencyMs}ms --target ${objective.target}`,
    ...(inputs && inputs.pattern !== 'poisson' ? [`--pattern ${inputs.pattern}`] : []),
    ...(budget === 'quick' ? ['--quick'] : []),
    '--out profile.json --report profile.html',
  ];
  return parts.join(' \\\n    ');
}

/** Safe to paste into a shell. */
const quoted = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const WORDS: ReadonlyArray<readonly [string, string]> = [
  ['p95', 'the latency that 95 of 100 requests keep; the interval says where it lies with 95 % confidence'],
  ['not resolvable', 'too few requests to say: p99 needs about a thousand'],
  [
    'verified',
    'the size ran in a fresh container under its real CPU and memory limits, with arrivals it had not seen, and kept the target',
  ],
  ['modelled', 'computed from what requests cost without limits; right in most cases, but nobody ran it'],
  ['CPU per request', 'CPU time of all processes together; steadier than latency, which neighbours disturb'],
  ['capacity', 'requests a second that can be served at all; near it, latency grows without bound'],
  ['throttled', 'the CPU quota of a period, usually 100 ms, was used up and the container stood still until the next'],
  ['spinning', 'idle threads that wait busily: quicker to start, but they burn the quota'],
  ['in flight', 'requests that wait or are served at one moment'],
  ['GB', '1024³ bytes, as container platforms count'],
];

/** For who sees such a page for the first time. */
export function glossary(): Section {
  return {
    id: 'reading',
    topic: 'How to read this page',
    html:
      paragraph(
        'The first sentence is the answer. Each drawing has its message above it and its numbers below it; a ring marks the chosen size, a dashed red line the target. ✓ was run and holds, ✗ was run and fails.',
      ) + details('Words', definitions(WORDS, 'origin')),
  };
}
