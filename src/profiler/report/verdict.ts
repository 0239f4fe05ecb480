import { GOOD, SERIES, TARGET } from './figure';
import { Cell } from './html';

/** How a run under limits may end: a colour and a shape each, for who does not see colours. */
export const VERDICTS = [
  { verdict: 'holds', label: 'run under its limits: holds', color: GOOD, shape: 'circle', mark: '✓' },
  { verdict: 'fails', label: 'run under its limits: fails', color: TARGET, shape: 'triangle', mark: '✗' },
  { verdict: 'unresolved', label: 'run under its limits: unresolved', color: SERIES[3], shape: 'diamond', mark: '?' },
] as const;

export type Verdict = (typeof VERDICTS)[number]['verdict'];

export const verdictCell = (verdict: Verdict): Cell => ({
  text: `${VERDICTS.find(each => each.verdict === verdict)?.mark ?? ''} ${verdict}`,
  tone: verdict,
});
