/** The report's style sheet: no font, picture or script is fetched; light, dark and paper. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --ink: #1c1f23; --faint: #626a73; --grid: #dfe3e7; --accent: #0b6bcb;
  --series-1: #0b6bcb; --series-2: #8a5cd1; --series-3: #1f8a4c; --series-4: #b7791f; --target: #c2352b;
  --good: #1f8a4c; --warn: #8a5a00; --bad: #c2352b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1c2024; --ink: #e8eaed; --faint: #a3abb3; --grid: #343a41; --accent: #6cb1ff;
    --series-1: #6cb1ff; --series-2: #bb98f5; --series-3: #5cc98a; --series-4: #e3b04b; --target: #ff8a80;
    --good: #5cc98a; --warn: #e3b04b; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1rem; font-weight: 600; color: var(--faint); margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 40px 0 8px; }
.sentence { font-size: 1.45rem; line-height: 1.35; font-weight: 600; margin: 0 0 12px; text-wrap: pretty; }
.badge { display: inline-block; padding: 2px 10px; border: 1px solid currentColor; border-radius: 99px; font-size: .85rem; font-weight: 600; }
.badge.verified { color: var(--good); } .badge.modelled { color: var(--warn); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 20px 0 0; padding: 0; }
.facts div { background: var(--card); border: 1px solid var(--grid); border-radius: 8px; padding: 10px 12px; }
.facts dt { color: var(--faint); font-size: .82rem; } .facts dd { margin: 0; font-size: 1.2rem; font-weight: 600; }
figure { margin: 0; background: var(--card); border: 1px solid var(--grid); border-radius: 8px; padding: 12px; }
figure svg { display: block; width: 100%; height: auto; font-family: inherit; }
figcaption { color: var(--faint); font-size: .9rem; margin: 0 0 8px; }
.keys { display: flex; flex-wrap: wrap; gap: 4px 20px; justify-content: center; list-style: none; margin: 6px 8px 2px; padding: 0; font-size: .85rem; }
.keys li { display: flex; align-items: center; gap: 7px; margin: 0; }
.key { display: inline-block; width: 20px; border-top: 3px solid currentColor; }
.key.dashed { border-top-style: dashed; }
.key.bar, .key.circle, .key.triangle, .key.diamond { width: 12px; height: 12px; border: 0; background: currentColor; }
.key.circle { border-radius: 50%; } .key.triangle { clip-path: polygon(50% 0, 100% 100%, 0 100%); } .key.diamond { clip-path: polygon(50% 0, 100% 50%, 50% 100%, 0 50%); }
.narrow { display: none; }
@media (max-width: 620px) {
  .wide { display: none; } .narrow { display: block; }
  .sentence { font-size: 1.2rem; } figure { padding: 10px 4px; } figcaption { padding: 0 8px; }
}
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--grid); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { color: var(--faint); font-weight: 600; }
tr.chosen td { font-weight: 700; background: color-mix(in srgb, var(--good) 12%, transparent); }
td.holds { color: var(--good); } td.fails { color: var(--bad); } td.unresolved { color: var(--warn); }
.reasons { display: grid; gap: 10px; margin: 0; }
.reasons div { background: var(--card); border: 1px solid var(--grid); border-radius: 8px; padding: 10px 14px; }
.reasons dt { font-weight: 700; } .reasons dd { margin: 4px 0 0; } .reasons .change { color: var(--faint); font-size: .92rem; }
ul { padding-left: 1.2em; margin: 8px 0; } li { margin: 4px 0; overflow-wrap: anywhere; }
ul.warnings li::marker { color: var(--warn); }
details summary { cursor: pointer; color: var(--accent); }
footer { margin-top: 48px; color: var(--faint); font-size: .85rem; overflow-wrap: anywhere; }
@media print { body { background: #fff; } figure, .facts div, .reasons div { break-inside: avoid; } details > * { display: revert; } }
`;
