import { PLAIN, ServerSettings } from '../../src/profiler/server-settings';
import type { ProfileResult } from '../../src/sizing/profile-result';
import { BenchCase, BenchModel, CASES, MODELS } from './cases';
import { profileByCommand, ProfileRun, rawFile, recommendationOf, settingsOf } from './command';
import { CONVOLUTIONS, firstCase, IDLE, Ledger, REPEATED, REPLICATED } from './ledger';
import type { BenchOptions, Part } from './options';
import { checkBelow, checkHolds, Holding, stepBelow } from './parts/holds';
import { checkMatched } from './parts/matched';
import { checkMemory } from './parts/memory';
import { searchByForce } from './parts/oracle';
import { calmSize, measureCapacity, measureLatency } from './parts/prediction';
import { Answer, answerOf, profileAgain, profileBesideNeighbour, sameBytesFromRaw } from './parts/repeats';
import { checkReplicas } from './parts/replicas';
import { compareIdleCost, compareOptions, OptionsFigures } from './parts/session-options';
import { checkStall } from './parts/stall';
import type { Scratch } from './scratch';
import { Testbed } from './testbed';

/** A step of the benchmark. */
export interface Step {
  readonly name: string;
  readonly part: Part;
  /** How long it takes, roughly. */
  readonly seconds: number;
  /** Whose servers it tries; steps of one model follow each other. */
  readonly model?: BenchModel;
  readonly isDone: () => boolean;
  /** Does it and says in a few words what came out. */
  readonly run: (testbed: () => Promise<Testbed>) => Promise<string>;
}

/**
 * Everything that is to be done, in order: what belongs to a case follows its profile at once, since the speed of rented cores changes
 * from minute to minute.
 */
export function planSteps(ledger: Ledger, scratch: Scratch, options: BenchOptions): Step[] {
  const cases = CASES.filter(bench => options.only(bench.id));
  const models = MODELS.filter(model => cases.some(bench => bench.model === model));
  const repeated = REPEATED.filter(bench => options.only(bench.id));
  const fewRounds = Math.ceil(options.rounds / 3);
  const steps = [
    ...models.flatMap(model => [
      ...cases.filter(bench => bench.model === model).flatMap(bench => caseSteps(ledger, scratch, bench)),
      ...modelSteps(ledger, scratch, model),
      ...(CONVOLUTIONS.includes(model) ? optionSteps(ledger, model, fewRounds) : []),
    ]),
    ...IDLE.filter(model => options.only(model.id)).flatMap(model => idleSteps(ledger, model, fewRounds)),
    ...stallSteps(ledger, scratch),
    ...repeated.map(bench => rawStep(ledger, scratch, bench)),
    // by turns, so that whoever stops early has as many of each
    ...Array.from({ length: options.rounds }, (_, index) =>
      repeated.flatMap(bench => repeatSteps(ledger, scratch, bench, index)),
    ).flat(),
  ];
  return steps.filter(step => options.parts.has(step.part));
}

function caseSteps(ledger: Ledger, scratch: Scratch, bench: BenchCase): Step[] {
  const { id, model } = bench;
  const [holding, below, oracle, capacity, latency] = [
    ledger.holding(bench),
    ledger.below(bench),
    ledger.oracle(bench),
    ledger.capacity(bench),
    ledger.latency(bench),
  ];
  return [
    profileStep(ledger, scratch, bench),
    {
      ...{ name: `${id} holds`, part: 'holds', seconds: 42, model, isDone: () => holding.get() !== undefined },
      run: async testbed => {
        const { profile, speed } = needProfile(ledger, bench);
        const found = await holding.once(async () => checkHolds(await testbed(), bench, recommendationOf(profile), speed));
        return outcome(found);
      },
    },
    {
      ...{ name: `${id} below`, part: 'below', seconds: 33, model, isDone: () => below.get() !== undefined },
      run: async testbed => {
        const { profile, speed } = needProfile(ledger, bench);
        const size = stepBelow(recommendationOf(profile));
        if (!size) return 'there is no smaller size';
        return outcome(await below.once(async () => checkBelow(await testbed(), bench, size, speed)));
      },
    },
    {
      ...{ name: `${id} oracle`, part: 'oracle', seconds: 12, model, isDone: () => oracle.get() !== undefined },
      run: async testbed => {
        const profile = ledger.profile(bench).get()?.profile;
        const shown =
          profile?.state === 'Succeeded'
            ? { recommended: recommendationOf(profile), holding: holding.get(), below: below.get() }
            : undefined;
        const found = await oracle.once(async () => searchByForce(await testbed(), bench, shown));
        return found.cpu === undefined ? 'nothing holds' : `${found.cpu} cores`;
      },
    },
    {
      ...{ name: `${id} capacity`, part: 'capacity', seconds: 14, model, isDone: () => capacity.get() !== undefined },
      run: async testbed => {
        const { profile, speed } = needProfile(ledger, bench);
        const predicted = profile.capacity;
        if (predicted === undefined) throw new Error('the profile names no capacity');
        const found = await capacity.once(async () =>
          measureCapacity(await testbed(), recommendationOf(profile), predicted, speed),
        );
        return `${found.predicted.toFixed(1)}/s predicted, ${found.measured.toFixed(1)} measured`;
      },
    },
    {
      ...{ name: `${id} p95`, part: 'p95', seconds: 2, model, isDone: () => latency.get() !== undefined },
      run: async testbed => {
        const { profile, speed } = needProfile(ledger, bench);
        const size = calmSize(profile, bench);
        if (!size) return 'no size of the profile is loaded to 0.8 or less';
        const shown = { cpu: profile.recommendedCpu, holding: holding.get() };
        const found = await latency.once(async () => measureLatency(await testbed(), bench, size, shown, speed));
        return `${found.predicted.toFixed(1)} ms predicted at ${found.cpu} cores, ${found.measured.toFixed(1)} measured`;
      },
    },
    {
      ...{ name: `${id} matched`, part: 'p95', seconds: 1, model, isDone: () => ledger.matched(bench).get() !== undefined },
      run: async () => {
        const { profile, speed } = needProfile(ledger, bench);
        const trials = holding.get()?.trials ?? [];
        const check = () => checkMatched(rawFile(scratch, id), bench, recommendationOf(profile), trials, speed);
        const { runs } = await ledger.matched(bench).once(check);
        return runs.map(run => `${run.predicted.toFixed(1)} for ${run.measured.toFixed(1)}`).join(', ');
      },
    },
    ...REPLICATED.filter(each => each.bench === bench).map(({ cpu }) => replicasStep(ledger, scratch, bench, cpu)),
  ];
}

const outcome = ({ verdict, trials, outOfMemory }: Holding): string =>
  outOfMemory ? 'out of memory' : `${verdict}: ${trials.map(trial => trial.latencyMs.toFixed(0)).join(', ')} ms`;

function replicasStep(ledger: Ledger, scratch: Scratch, bench: BenchCase, cpu: number): Step {
  const piece = ledger.replicas(bench);
  const run: Step['run'] = async testbed => {
    const { profile, speed } = needProfile(ledger, bench);
    const size = { cpu, memoryInGB: profile.recommendedMemoryInGB };
    const found = await piece.once(async () => checkReplicas(await testbed(), scratch, bench, size, speed));
    const words = ({ predicted, measured }: typeof found.pooled) => `${predicted} ms predicted, ${measured} measured`;
    return `at ${found.rate}/s pooled ${words(found.pooled)}; random ${words(found.random)}`;
  };
  const { model } = bench;
  return { name: `${bench.id} replicas`, part: 'replicas', seconds: 90, model, isDone: () => piece.get() !== undefined, run };
}

function profileStep(ledger: Ledger, scratch: Scratch, bench: BenchCase): Step {
  const piece = ledger.profile(bench);
  const run = async () => {
    const found = await piece.once(() => profileByCommand(scratch, bench, bench.id));
    return `${(found.wallMs / 1000).toFixed(0)} s; ${found.profile?.summary ?? found.words.trim().split('\n').pop()}`;
  };
  return { name: `${bench.id} profile`, part: 'profile', seconds: 52, isDone: () => piece.get() !== undefined, run };
}

function modelSteps(ledger: Ledger, scratch: Scratch, model: BenchModel): Step[] {
  const bench = firstCase(model);
  const [quick, memory] = [ledger.quick(model), ledger.memory(model)];
  return [
    {
      ...{ name: `${model.id} quick`, part: 'quick', seconds: 15, isDone: () => quick.get() !== undefined },
      run: async () => {
        const found = await quick.once(() => profileByCommand(scratch, bench, `${bench.id}-quick`, ['--quick']));
        return `${(found.wallMs / 1000).toFixed(1)} s`;
      },
    },
    {
      ...{ name: `${model.id} memory`, part: 'memory', seconds: 25, model, isDone: () => memory.get() !== undefined },
      run: async testbed => {
        const { profile } = needProfile(ledger, bench);
        const { smallestInGB, beforeRoundingInGB } = await memory.once(async () => checkMemory(await testbed(), profile));
        return `${smallestInGB ?? 'more than 1.1 × peak'} GB do; ${beforeRoundingInGB} GB before rounding`;
      },
    },
  ];
}

function optionSteps(ledger: Ledger, model: BenchModel, rounds: number): Step[] {
  const piece = ledger.options(model);
  const run: Step['run'] = async testbed => {
    const chosen = optionsAtOneCore(ledger.profile(firstCase(model)).get()?.profile);
    const found = await piece.once(async () => compareOptions(await testbed(), chosen, rounds));
    const words = ({ throughput, p95Ms }: OptionsFigures) => `${throughput}/s and ${p95Ms} ms`;
    return `${words(found.chosen)}; defaults ${words(found.defaults)}`;
  };
  return [
    { name: `${model.id} options`, part: 'options', seconds: 36 * rounds, model, isDone: () => piece.get() !== undefined, run },
  ];
}

function idleSteps(ledger: Ledger, model: BenchModel, rounds: number): Step[] {
  const piece = ledger.idleCost(model);
  const run: Step['run'] = async testbed => {
    const found = await piece.once(async () => compareIdleCost(await testbed(), PLAIN, rounds));
    return `${found.chosen} ms of CPU per request; defaults ${found.defaults} ms`;
  };
  return [
    { name: `${model.id} idle`, part: 'options', seconds: 18 * rounds, model, isDone: () => piece.get() !== undefined, run },
  ];
}

function rawStep(ledger: Ledger, scratch: Scratch, bench: BenchCase): Step {
  const piece = ledger.sameBytes(bench);
  const run = async () => {
    needProfile(ledger, bench);
    return (await piece.once(() => sameBytesFromRaw(scratch, bench))) ? 'same bytes' : 'other bytes';
  };
  return { name: `${bench.id} raw file`, part: 'repeat', seconds: 8, isDone: () => piece.get() !== undefined, run };
}

function repeatSteps(ledger: Ledger, scratch: Scratch, bench: BenchCase, index: number): Step[] {
  const [quiet, noisy] = [ledger.repeat(bench, index), ledger.noise(bench, index)];
  const words = ({ answer, failure, flagged }: Answer) =>
    `${answer ? `${answer.cpu} cores, ${answer.memoryInGB} GB` : failure}${flagged ? ', flagged as noisy' : ''}`;
  return [
    {
      ...{ name: `${bench.id} repeat ${index + 1}`, part: 'repeat', isDone: () => quiet.get() !== undefined },
      seconds: index === 0 ? 0 : 43,
      run: async () => {
        // the first of them is the case's own profile
        const own = index === 0 ? ledger.profile(bench).get() : undefined;
        return words(await quiet.once(async () => (own ? answerOf(own) : profileAgain(scratch, bench, index))));
      },
    },
    {
      ...{ name: `${bench.id} noise ${index + 1}`, part: 'noise', seconds: 47, isDone: () => noisy.get() !== undefined },
      run: async () => words(await noisy.once(() => profileBesideNeighbour(scratch, bench, index))),
    },
  ];
}

function stallSteps(ledger: Ledger, scratch: Scratch): Step[] {
  return (['constant', 'poisson'] as const).map(kind => {
    const piece = ledger.stall(kind);
    const run = async () => {
      const found = await piece.once(() => checkStall(scratch, kind, 400_001));
      return `p99 ${found.reportedMs} ms, by computation ${found.analyticMs} ms`;
    };
    return { name: `stall, ${kind}`, part: 'stall' as const, seconds: 26, isDone: () => piece.get() !== undefined, run };
  });
}

function needProfile(ledger: Ledger, bench: BenchCase): { readonly profile: ProfileResult } & Pick<ProfileRun, 'speed'> {
  const run = ledger.profile(bench).get();
  if (run?.profile?.state !== 'Succeeded') throw new Error(`${bench.id} has no profile; run the part 'profile' first.`);
  return { profile: run.profile, speed: run.speed };
}

/** What the profile would use with one core; plain where it does not say. */
function optionsAtOneCore(profile: ProfileResult | undefined): ServerSettings {
  const found = profile?.alternatives?.find(({ cpu }) => cpu === 1);
  return found ? settingsOf(found.sessionOptions) : PLAIN;
}
