import { SIZE_GRIDS } from '../sizing/compute-size';
import { ProfileResult } from '../sizing/profile-result';
import type { Profile } from './profile';
import { Chart, ChartKey, drawCharts, escapeHtml } from './report-charts';
import { REPORT_STYLE } from './report-style';
import { Candidate } from './search';
import { cores, gigabytes, inMs, percentileName } from './summary';

/**
 * The profile as one HTML file that needs nothing else: no network, no script, no font. Pictures are drawn here and now as SVG,
 * once for wide pages and once for phones; colours follow the reader's light or dark setting.
 */
export function renderReport(profile: Profile): string {
  const { result } = profile;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(result.name)}: profile</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
${[header(result), sizes(profile), pictures(profile), reasons(profile), runs(profile), cautions(profile), footer(result)].join('\n')}
</main>
</body>
</html>
`;
}

function header(result: ProfileResult): string {
  const evidence =
    result.evidence === 'verified'
      ? '<span class="badge verified">verified under its real limits</span>'
      : '<span class="badge modelled">modelled, not verified</span>';
  const { objective } = result;
  const facts: ReadonlyArray<readonly [string, string]> = [
    ['CPU', cores(result.recommendedCpu)],
    ['Memory', gigabytes(result.recommendedMemoryInGB)],
    ['Threads', String(result.sessionOptions.intraOpNumThreads)],
    ...(result.replicas === undefined ? [] : [['Replicas', String(result.replicas)] as const]),
    [
      `${percentileName(objective.percentile)}, wanted at most ${inMs(objective.latencyMs)}`,
      inMs(result.recommendationLatencyInMs),
    ],
    ['CPU per request', `${result.cpuMsPerRequest.toPrecision(3)} ms`],
    ['First answer after a cold start', inMs(result.coldStartMs)],
  ];
  return `<h1>Profile of ${escapeHtml(result.model.file)} for ${escapeHtml(result.objective.target)}</h1>
<p class="sentence">${escapeHtml(result.summary)}</p>
${evidence}
<dl class="facts">${facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>`;
}

/** The sizes around the answer: a reader wants to see what a step less or more would be. */
function sizes({ result, series }: Profile): string {
  const name = percentileName(result.objective.percentile);
  const { billableMinimum } = SIZE_GRIDS[result.objective.target];
  const sameThreads = bestPerSize(series.candidates, result);
  const at = sameThreads.findIndex(each => each.cpu === result.recommendedCpu);
  const shown = sameThreads.slice(Math.max(0, at - 3), Math.max(0, at - 3) + 8);
  const rows = shown.map(each => {
    const run = [...series.runs].reverse().find(other => other.cpu === each.cpu);
    const billed =
      billableMinimum &&
      `${cores(Math.max(each.cpu, billableMinimum.cpu))}, ${gigabytes(Math.max(result.recommendedMemoryInGB, billableMinimum.memoryInGB))}`;
    const cells = [
      `<td>${cores(each.cpu)}, ${gigabytes(result.recommendedMemoryInGB)}</td>`,
      ...(billed ? [`<td>${billed}</td>`] : []),
      `<td>${each.threads}</td>`,
      `<td>${each.utilisation < 10 ? `${(each.utilisation * 100).toFixed(0)} %` : '–'}</td>`,
      `<td>${inMs(each.predictedMs)}</td>`,
      run ? `<td class="${run.verdict}">${inMs(run.latencyMs)}, ${run.verdict}</td>` : `<td>not run</td>`,
    ];
    return `<tr${each.cpu === result.recommendedCpu ? ' class="chosen"' : ''}>${cells.join('')}</tr>`;
  });
  const heads = [
    'Size',
    ...(billableMinimum ? ['Billed alone'] : []),
    'Threads',
    'Load',
    `${name} predicted`,
    `${name} measured`,
  ];
  return `<h2>Sizes around it</h2>${table(heads, rows)}`;
}

function bestPerSize(candidates: readonly Candidate[], result: ProfileResult): Candidate[] {
  const bySize = new Map<number, Candidate>();
  for (const each of candidates) {
    const kept = bySize.get(each.cpu);
    const wanted = each.threads === result.sessionOptions.intraOpNumThreads;
    if (!kept || wanted) bySize.set(each.cpu, each);
  }
  return [...bySize.values()];
}

const pictures = (profile: Profile): string => drawCharts(profile).map(picture).join('\n');

function picture({ title, caption, keys, wide, narrow }: Chart): string {
  return `<h2>${escapeHtml(title)}</h2>
<figure><figcaption>${escapeHtml(caption)}</figcaption><div class="wide">${wide}</div><div class="narrow">${narrow}</div>${legend(keys)}</figure>`;
}

function legend(keys: readonly ChartKey[]): string {
  const entries = keys.map(
    ({ label, color, shape }) => `<li><span class="key ${shape}" style="color:${color}"></span>${escapeHtml(label)}</li>`,
  );
  return entries.length === 0 ? '' : `<ul class="keys">${entries.join('')}</ul>`;
}

function reasons({ series }: Profile): string {
  const entries = series.reasons.map(
    ({ choice, because, change }) =>
      `<div><dt>${escapeHtml(choice)}</dt><dd>because ${escapeHtml(because)}.</dd><dd class="change">What would change it: ${escapeHtml(change)}.</dd></div>`,
  );
  return `<h2>Why these numbers</h2><dl class="reasons">${entries.join('')}</dl>`;
}

function runs({ result, series }: Profile): string {
  if (series.runs.length === 0) return '';
  const name = percentileName(result.objective.percentile);
  const rows = series.runs.map(run => {
    const interval = run.intervalMs ? ` (${run.intervalMs.map(each => each.toPrecision(3)).join('–')})` : '';
    const cells = [
      `<td>${cores(run.cpu)}, ${gigabytes(run.memoryInGB)}</td>`,
      `<td class="${run.verdict}">${run.verdict}</td>`,
      `<td>${run.latencyMs.toPrecision(3)} ms${interval}</td>`,
      `<td>${run.predictedMs === undefined ? '–' : inMs(run.predictedMs)}</td>`,
      `<td>${run.requests}</td>`,
      `<td>${run.throttledRatio === undefined ? '–' : `${(run.throttledRatio * 100).toFixed(0)} %`}</td>`,
      `<td>${run.sendLagP99Ms.toFixed(1)} ms</td>`,
    ];
    return `<tr>${cells.join('')}</tr>`;
  });
  const heads = ['Size', 'Verdict', `${name} (95 % interval)`, 'Predicted', 'Requests', 'Periods throttled', 'Send lag p99'];
  return `<h2>Runs under real limits</h2>${table(heads, rows)}`;
}

function cautions({ result, series }: Profile): string {
  const warnings =
    result.warnings.length === 0
      ? '<p>Nothing to warn of.</p>'
      : `<ul class="warnings">${result.warnings.map(warning => `<li>${escapeHtml(warning)}</li>`).join('')}</ul>`;
  const discarded =
    series.discarded.length === 0
      ? `<p>All ${series.windows} measuring windows were undisturbed.</p>`
      : `<details><summary>${series.discarded.length} of ${series.windows} measuring windows were disturbed</summary><ul>${series.discarded
          .map(each => `<li>${escapeHtml(each)}</li>`)
          .join('')}</ul><p>Where fewer than half were sound, the calmer half was used.</p></details>`;
  return `<h2>Before you trust it</h2>${warnings}${discarded}`;
}

function footer({ model, machine, createdTime, objective }: ProfileResult): string {
  return `<footer>${[
    `Measured ${createdTime} on ${machine.cpuModel}, ${machine.cores} cores, ${machine.memoryInGB} GB, ${machine.platform}, Node.js ${machine.nodeVersion}, ONNX Runtime ${model.onnxRuntimeVersion}.`,
    `Another processor needs another size: profile on the kind of machine that will serve.`,
    `Open-loop Poisson load of ${objective.rate} requests a second from a separate process; latency counts from the moment a request was due.`,
    `Model sha256 ${model.sha256}.`,
  ]
    .map(escapeHtml)
    .join('<br>')}</footer>`;
}

const table = (heads: readonly string[], rows: readonly string[]): string =>
  `<div class="scroll"><table><thead><tr>${heads.map(head => `<th>${escapeHtml(head)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
