import type { ProfileResult } from '../../sizing/profile-result';
import type { Profile } from '../profile';
import { cores, gigabytes, inMs, percentileName } from '../summary';
import { count, cpuMs, describeOptions, money, percent, perSecond, range, sentence } from './format';
import { definitions, escapeHtml, list, paragraph, Section } from './html';

/** The answer, how sure it is, and what it costs: enough for who reads no further. */
export function answer(result: ProfileResult): string {
  const { model, objective, summary, error } = result;
  return [
    `<h1>${escapeHtml(`${model.file || result.name} on ${TARGETS[objective.target] ?? objective.target}`)}</h1>`,
    paragraph(summary, 'sentence'),
    `<p class="badges">${badges(result).join(' ')}</p>`,
    ...(error ? [paragraph(`Not everything succeeded: ${error}`, 'caution')] : []),
    ...costLine(result),
    definitions(facts(result), 'facts'),
  ].join('\n');
}

export const TARGETS: Readonly<Record<string, string>> = {
  aci: 'Azure Container Instances',
  aks: 'Azure Kubernetes Service',
  edge: 'IoT Edge',
  local: 'a local container',
};

function badges({ evidence, budget, inputs }: ProfileResult): string[] {
  const badge = (tone: string, text: string) => `<span class="badge ${tone}">${escapeHtml(text)}</span>`;
  return [
    evidence === 'verified'
      ? badge('holds', '✓ verified under its real limits')
      : badge('unresolved', '≈ modelled, not run under its limits'),
    ...(budget === 'quick' ? [badge('unresolved', 'quick: resolves less')] : []),
    ...(inputs?.synthetic ? [badge('unresolved', 'synthetic inputs')] : []),
  ];
}

function costLine({ cost, replicas = 1, recommendedCpu, recommendedMemoryInGB }: ProfileResult): string[] {
  if (!cost) return [];
  const more = cost.billedCpu > recommendedCpu || cost.billedMemoryInGB > recommendedMemoryInGB;
  const each = replicas > 1 ? `, ${replicas} replicas together` : '';
  const billed = more
    ? ` A replica is billed as ${cores(cost.billedCpu)} and ${gigabytes(cost.billedMemoryInGB)}, more than it asks for.`
    : '';
  return [
    paragraph(
      `Costs ${money(cost.perHour, cost.currency)} an hour${each}: ${money(cost.per1000Requests, cost.currency)} per 1000 requests at the rate.${billed} Prices: ${cost.prices}.`,
      'cost',
    ),
  ];
}

function facts(result: ProfileResult): Array<readonly [string, string]> {
  const { objective, replicas = 1, recommendationLatencyInMs, verification, headroomRate, utilization } = result;
  const name = percentileName(objective.percentile);
  return [
    ['CPU', cores(result.recommendedCpu)],
    ['Memory', gigabytes(result.recommendedMemoryInGB)],
    ['Settings', describeOptions(result.sessionOptions)],
    ...(replicas > 1 ? [['Replicas', String(replicas)] as const] : []),
    [
      `${name}, target ${inMs(objective.latencyMs)}`,
      `${inMs(recommendationLatencyInMs)}${range(verification?.latencyIntervalMs)}`,
    ],
    ['Rate', `${perSecond(objective.rate)} a second`],
    ...(utilization === undefined ? [] : [['Load', percent(utilization)] as const]),
    ...(headroomRate === undefined ? [] : [['Target kept up to', `${perSecond(headroomRate)} a second`] as const]),
    ['CPU per request', cpuMs(result.cpuMsPerRequest)],
    ['First answer, cold', inMs(result.coldStartMs)],
  ];
}

/** A "because" for each chosen number, and what would change it. */
export function reasons({ series }: Profile): Section | undefined {
  if (series.reasons.length === 0) return undefined;
  const entries = series.reasons.map(
    ({ choice, because, change }) =>
      `<div><dt>${escapeHtml(choice)}</dt><dd>because ${escapeHtml(because.replace(/\.$/, ''))}.</dd>` +
      (change ? `<dd class="change">What would change it: ${escapeHtml(change.replace(/\.$/, ''))}.</dd>` : '') +
      `</div>`,
  );
  return { id: 'why', topic: 'Why these numbers', html: `<dl class="reasons">${entries.join('')}</dl>` };
}

/** What to know before trusting the numbers. */
export function cautions({ result, series }: Profile): Section {
  const { warnings } = result;
  const discarded = series.windows.filter(each => each.discarded !== undefined).length;
  const noise =
    series.windows.length === 0
      ? ''
      : `${count(discarded, 'measuring window')} of ${series.windows.length} ${discarded === 1 ? 'was' : 'were'} disturbed and left out`;
  const html = warnings.length === 0 ? paragraph('Nothing to warn of.') : list([...new Set(warnings)].map(sentence), 'warnings');
  return { id: 'trust', topic: 'Before you trust it', html: html + (noise ? paragraph(sentence(noise), 'faint') : '') };
}
