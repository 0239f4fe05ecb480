// What the server must reach beside the others. Each goal gives `{ goal, measured, met, oneProcess }`: `met` is undefined where nothing was
// measured, `oneProcess` the same ratio among those with one process; the goal is judged by each server's best setting.
import { figure, medianOf, PEERS, spread } from './summary.mjs';

const OTHERS = PEERS.filter(peer => peer !== 'azureml');
const MIB = 2 ** 20;

export function goals(summary) {
  return [
    ...rates(summary, 'small-c8', 'small JSON, 8 clients', { azureml: 10, other: 7 }),
    ratioTo(summary, 'small-c8', 'small JSON, 8 clients: of the constant server', ['constant'], 0.5),
    ...rates(summary, 'image-json-c8', 'image JSON, 8 clients', { azureml: 4, any: 2 }),
    ...rates(summary, 'image-raw-c8', 'image raw, 8 clients', { azureml: 6, any: 1.4 }),
    ...['products-c16', 'products-c64'].flatMap(workload => products(summary, workload)),
    honestRefusals(summary),
    ...addedLatency(summary),
    ...['ours', 'ours-js', 'ours-python'].map(family => health(summary, family)),
    ...pythonScript(summary),
    ...resources(summary),
  ];
}

function rates(summary, workload, what, least) {
  return [
    least.azureml && ratioTo(summary, workload, `${what}: times Microsoft's`, ['azureml'], least.azureml),
    least.other && ratioTo(summary, workload, `${what}: times the best other`, OTHERS, least.other),
    least.any && ratioTo(summary, workload, `${what}: times the best peer`, PEERS, least.any),
  ].filter(Boolean);
}

function products(summary, workload) {
  const clients = workload.slice('products-c'.length);
  const ours = summary.best(workload, ['ours']);
  const p99 = id => summary.median(workload, id, 'p99');
  const peers = summary.servers.filter(server => PEERS.includes(server.family)).map(server => server.id);
  const [quickest] = peers.filter(id => p99(id) !== undefined).sort((a, b) => p99(a) - p99(b));
  return [
    ...rates(summary, workload, `products, ${clients} clients`, { any: 2.5, azureml: 5 }),
    verdict(
      `products, ${clients} clients: p99 below every peer's`,
      ours && quickest && `${figure(p99(ours))} ms, lowest of the peers ${figure(p99(quickest))} ms (${summary.name(quickest)})`,
      p99(ours) < p99(quickest),
    ),
  ];
}

function honestRefusals(summary) {
  const cells = summary.servers
    .filter(server => server.family === 'ours')
    .flatMap(server => summary.cells('products-c64', server.id));
  const broken = cells
    .flatMap(cell => Object.entries(cell.failures))
    .reduce((sum, [kind, count]) => (kind === 'status' ? sum : sum + count), 0);
  const statuses = new Set(cells.flatMap(cell => Object.keys(cell.statuses)));
  const dishonest = [...statuses].filter(status => !['200', '429', '503'].includes(status));
  const measured = cells.length > 0 && `statuses ${[...statuses].join(', ')}; connections broken or timed out: ${broken}`;
  return verdict('products, 64 clients: only 200, 429, 503', measured, dishonest.length === 0 && broken === 0);
}

function addedLatency(summary) {
  const loop = summary.loop('small');
  return [
    ['p50', 0.2],
    ['p99', 1],
  ].map(([quantile, most]) => {
    const total = summary.median('latency', 'ours', quantile);
    const added = loop && total - loop[quantile];
    const measured =
      loop && total !== undefined && `${added.toFixed(3)} ms (${total.toFixed(3)} less ${loop[quantile].toFixed(3)})`;
    return verdict(`one client, small: ${quantile} added to session.run ≤ ${most} ms`, measured, added <= most);
  });
}

/** Every setting of the family must reach it. */
function health(summary, family) {
  const measured = summary.servers.filter(
    ({ id, family: of }) => of === family && summary.values('health', id, 'p99').length > 0,
  );
  const texts = measured.map(({ id, variant }) => {
    const idle = spread(summary.values('health', id, 'idleP99'));
    return `${spread(summary.values('health', id, 'p99'))} ms (${variant}; an idle server beside it: ${idle})`;
  });
  const failed = measured.flatMap(({ id }) => summary.cells('health', id)).reduce((sum, cell) => sum + cell.failed, 0);
  const quick = measured.every(({ id }) => summary.median('health', id, 'p99') <= 5);
  const runtime = { ours: 'ONNX', 'ours-js': 'JavaScript script', 'ours-python': 'Python script' }[family];
  const text = texts.length > 0 && [...texts, ...(failed > 0 ? [`${failed} failed`] : [])].join(', ');
  return verdict(`health under load, ${runtime}: p99 ≤ 5 ms`, text, quick && failed === 0);
}

/** One process each: the front is before as many engines as Microsoft's server has workers. */
function pythonScript(summary) {
  return [
    ['small-c1', 'Python script behind the front, 1 client', 0.95],
    ['small-c8', 'Python script behind the front, 8 clients', 1],
  ].map(([workload, what, least]) => {
    const ratios = summary.ratios(workload, 'ours-python', 'azureml');
    return verdict(`${what}: of Microsoft's alone ≥ ${least}`, ratios.length > 0 && spread(ratios), medianOf(ratios) >= least);
  });
}

function resources(summary) {
  const starts = summary.starts('small-json', 'ours');
  const firstAnswer = starts.map(start => start.firstAnswerMs);
  const memory = starts.map(start => start.atRest.pssMiB);
  const { dockerBytes, fileBytes } = summary.run.image ?? {};
  const image = (dockerBytes ?? fileBytes) / MIB;
  const counted = dockerBytes ? 'built with Docker' : 'sum of the copied files; Docker did not answer';
  return [
    verdict(
      'start to first answer, small model ≤ 350 ms',
      starts.length > 0 && `${spread(firstAnswer)} ms`,
      medianOf(firstAnswer) <= 350,
    ),
    verdict('resident, small model ≤ 130 MiB', starts.length > 0 && `${spread(memory)} MiB`, medianOf(memory) <= 130),
    verdict('ONNX image over its base ≤ 60 MiB', fileBytes && `${figure(image)} MiB (${counted})`, image <= 60),
  ];
}

/** At least so many times the rate of the best of those families, as median over the rounds. */
function ratioTo(summary, workload, what, families, least) {
  const compare = allowed => {
    const ours = summary.best(workload, ['ours'], allowed);
    const other = summary.best(workload, families, allowed);
    const ratios = ours && other ? summary.ratios(workload, ours, other) : [];
    return { ratios, text: ratios.length > 0 && `${spread(ratios)} × ${summary.name(other)}` };
  };
  const { ratios, text } = compare(() => true);
  const { text: oneProcess } = compare(server => server.oneProcess);
  return { ...verdict(`${what} ≥ ${least}`, text, medianOf(ratios) >= least), oneProcess };
}

function verdict(goal, measured, met) {
  return { goal, measured: measured || 'not measured', met: measured ? met : undefined };
}
