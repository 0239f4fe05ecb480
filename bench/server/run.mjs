// Every server, alone, in turn: one start for each group of workloads, the order of the servers rotating with the rounds.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { post, verify } from './client.mjs';
import { closedLoop, healthProbe, wrk } from './load.mjs';
import { coreSpeed } from './machine.mjs';
import { freePorts, ServerProcess } from './process.mjs';
import { constantServer, nodeIn, takesPart } from './servers.mjs';
import { samples } from './workloads.mjs';

/** Distinct inputs whose answers are checked; images are big. */
const SAMPLES = { small: 32, products: 32, trees: 32, image: 2 };

/** A probe of few seconds takes longer where each answer does. */
const LONGEST_PROBE_S = 120;
/** p99 of fewer than 300 probes is only their third worst. */
const LEAST_PROBE_S = 6;

/**
 * Measures all and returns `{ cells, starts, loops }`; `progress` is called with one line per cell. A server that fails leaves cells
 * with an `error`.
 */
export async function runAll({ servers, groups, rounds, seconds, warmUpSeconds, scratch, missing, progress, save }) {
  const results = { cells: [], starts: [], loops: [] };
  const plan = planOf(servers, groups, rounds);
  let done = 0;
  const started = performance.now();
  const report = text => {
    done++;
    const left = ((performance.now() - started) / done) * (plan.cells - done);
    progress(`[${done}/${plan.cells}, ${Math.ceil(left / 60_000)} min left] ${text}`);
    save(results);
  };
  for (const { round, group, server, workloads } of plan.visits) {
    const visit = { round, group, server, workloads, seconds, warmUpSeconds, scratch, results, report };
    if (server === undefined) rawLoop(visit);
    else await measureServer(visit, missing);
  }
  return results;
}

/** Health of others is looked at once: it takes long, and no goal depends on it. */
function planOf(servers, groups, rounds) {
  const visits = [];
  for (let round = 1; round <= rounds; round++) {
    for (const group of groups) {
      for (const server of rotated(servers, round - 1)) {
        const once = workload => workload.tool !== 'health' || round === 1 || server.family.startsWith('ours');
        const workloads = group.workloads.filter(workload => takesPart(server, workload) && once(workload));
        if (workloads.length > 0) visits.push({ round, group, server, workloads });
      }
      if (group.encoding === 'json') visits.push({ round, group, workloads: [{ id: 'loop' }] });
    }
  }
  return { visits, cells: visits.reduce((sum, { workloads }) => sum + workloads.length, 0) };
}

async function measureServer(visit, missing) {
  const { round, group, server, workloads, scratch, results, report } = visit;
  const fail = (ids, error) => {
    for (const { id } of ids) {
      results.cells.push({ round, workload: id, server: server.id, error });
      report(`round ${round} ${id} ${server.id}: ${error}`);
    }
  };
  const endpoint = server.endpoint(group);
  if (endpoint === undefined) return fail(workloads, 'not supported');
  if (missing[server.family]) return fail(workloads, `not installed: ${missing[server.family]}`);

  const work = join(scratch, 'work');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  mkdirSync(join(scratch, 'logs'), { recursive: true });
  const modelDir = join(scratch, 'models', group.model);
  const inputs = samples(modelDir, group.shape, SAMPLES[group.model]);
  const replyFile = join(work, 'reply');
  writeFileSync(replyFile, JSON.stringify({ result: [Array.from(inputs[0].expected)] }));
  const [port, metricsPort, grpcPort] = await freePorts(3);
  const target = { port, endpoint: { ...endpoint, headers: { ...endpoint.headers, ...server.headers } } };
  const body = endpoint.body(inputs[0].input, group.shape);

  let remaining = workloads;
  const process = new ServerProcess({
    ...server.start({ scratch, port, metricsPort, grpcPort, modelDir, group, work, replyFile }),
    logFile: join(scratch, 'logs', `${group.id}-${server.id}.log`),
  });
  try {
    const firstAnswerMs = await process.firstAnswer(() => probe(port, target.endpoint, body));
    const atRest = process.memory();
    if (!server.answersConstant) await verify(port, target.endpoint, group.shape, inputs);
    for (const workload of workloads) {
      const cell = { round, workload: workload.id, server: server.id, coreSpeed: coreSpeed() };
      Object.assign(cell, await measure(workload, { ...target, body, work, replyFile, server, ...visit }));
      results.cells.push(cell);
      remaining = remaining.slice(1);
      report(`round ${round} ${workload.id} ${server.id}: ${summaryLine(cell)}`);
    }
    if (!server.answersConstant) await verify(port, target.endpoint, group.shape, inputs.slice(0, 2));
    results.starts.push({ round, group: group.id, server: server.id, firstAnswerMs, atRest, afterLoad: process.memory() });
  } catch (error) {
    if (remaining.length > 0) fail(remaining, error.message);
    else
      results.cells.push({ round, workload: workloads.at(-1).id, server: server.id, error: `after the load: ${error.message}` });
  } finally {
    await process.stop();
  }
}

async function probe(port, endpoint, body) {
  const answer = await post(port, endpoint, body, 5000);
  if (answer === undefined) return 'none';
  return answer.status === 200 ? 'right' : `${answer.status} ${answer.body}`;
}

async function measure(workload, context) {
  const { port, endpoint, body, work, server, seconds, warmUpSeconds } = context;
  const load = { port, endpoint, body, work, clients: workload.clients };
  if (workload.tool === 'latency') return closedLoop({ ...load, seconds });
  // what was loaded before is warm
  if (warmUpSeconds > 0 && workload === context.workloads[0]) await wrk({ ...load, seconds: warmUpSeconds });
  if (workload.tool === 'wrk') return wrk({ ...load, seconds, countStatuses: workload.clients >= 64 });
  const probing = probeHealth(Math.max(seconds, LEAST_PROBE_S), context);
  const loaded = wrk({ ...load, seconds: LONGEST_PROBE_S, until: probing });
  const [health, { rate }] = await Promise.all([probing, loaded]);
  return { ...health, rate };
}

/** The loaded server's health; beside ours also the limit: a server in Node.js that has nothing else to do, on the same machine under the same load. */
async function probeHealth(seconds, { port, endpoint, body, server, work, replyFile, scratch }) {
  const health = await healthProbe({ port, path: server.health, seconds });
  if (!server.family.startsWith('ours')) return health;
  const [idlePort] = await freePorts(1);
  const idle = new ServerProcess({ ...constantServer({ scratch, port: idlePort, replyFile }), logFile: join(work, 'idle.log') });
  try {
    await idle.firstAnswer(() => probe(idlePort, endpoint, body));
    const { p99 } = await healthProbe({ port: idlePort, path: '/', seconds });
    return { ...health, idleP99: p99 };
  } finally {
    await idle.stop();
  }
}

function rawLoop({ round, group, seconds, scratch, results, report }) {
  const loop = resolve('bench/server/apps/raw_loop.mjs');
  const args = [loop, scratch, join(scratch, 'models', group.model), group.shape.join(','), String(seconds)];
  const speed = coreSpeed();
  const env = { ...process.env, ORT_DISABLE_TELEMETRY: '1' };
  const told = JSON.parse(execFileSync(nodeIn(scratch), args, { encoding: 'utf8', env }));
  const loopResult = { round, model: group.model, coreSpeed: speed, rate: told.rate, p50: told.p50 / 1000, p99: told.p99 / 1000 };
  results.loops.push(loopResult);
  report(`round ${round} ${group.model} session.run in a loop: ${summaryLine(loopResult)}`);
}

const summaryLine = ({ rate, p50, p99, coreSpeed: speed, failures = {} }) =>
  `${rate.toFixed(0)}/s, p50 ${p50?.toFixed(2)} ms, p99 ${p99?.toFixed(2)} ms, core ${speed.toFixed(0)}` +
  (Object.keys(failures).length > 0 ? `, failures ${JSON.stringify(failures)}` : '');

const rotated = (list, by) => list.map((_, i) => list[(i + by) % list.length]);
