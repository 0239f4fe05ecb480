/** The report's style sheet: no font, picture or script is fetched; light, dark and paper. */
const LIGHT = `
  color-scheme: light;
  --page: #f7f8f9; --card: #ffffff; --ink: #1b1f24; --faint: #59626c; --grid: #dce1e6; --accent: #0a5fb4; --code: #eef1f4;
  --series-1: #0a66c2; --series-2: #8453cf; --series-3: #1a7f45; --series-4: #b26a00; --series-5: #0b7f8a; --target: #c02c22;
  --good: #1a7f45; --warn: #8a5600; --bad: #c02c22;`;

const DARK = `
  color-scheme: dark;
  --page: #13171a; --card: #1b2024; --ink: #e8ebee; --faint: #a6afb8; --grid: #363d45; --accent: #74b6ff; --code: #262c32;
  --series-1: #6cb1ff; --series-2: #bd9bf7; --series-3: #5ccb8c; --series-4: #e6b04a; --series-5: #58cbd6; --target: #ff8b81;
  --good: #5ccb8c; --warn: #e6b04a; --bad: #ff8b81;`;

export const REPORT_STYLE = `
:root {${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root {${DARK} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 880px; margin: 0 auto; padding: 28px 16px 64px; }
a { color: var(--accent); }
h1 { font-size: 1rem; font-weight: 600; color: var(--faint); margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 48px 0 10px; padding-top: 14px; border-top: 1px solid var(--grid); }
p { margin: 8px 0; overflow-wrap: anywhere; }
.sentence { font-size: 1.5rem; line-height: 1.35; font-weight: 650; margin: 0 0 14px; text-wrap: pretty; }
.badges { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 10px; }
.badge { padding: 2px 12px; border: 1.5px solid currentColor; border-radius: 99px; font-size: .88rem; font-weight: 600; }
.holds { color: var(--good); } .fails { color: var(--bad); } .unresolved { color: var(--warn); } .faint { color: var(--faint); }
.caution { border-left: 4px solid var(--bad); padding: 4px 12px; font-weight: 600; }
.takeaway { font-weight: 600; margin: 0 0 8px; text-wrap: pretty; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(182px, 1fr)); gap: 10px; margin: 18px 0 0; }
.facts div { background: var(--card); border: 1px solid var(--grid); border-radius: 8px; padding: 9px 12px; }
.facts dt { color: var(--faint); font-size: .82rem; } .facts dd { margin: 0; font-size: 1.1rem; font-weight: 600; overflow-wrap: anywhere; }
nav { margin: 22px 0 0; font-size: .9rem; } nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0; padding: 0; }
nav li { margin: 0; } nav a { display: inline-block; padding: 3px 0; }
.figure { margin: 0 0 20px; } .pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 16px; }
.pair .figure { display: grid; grid-template-columns: minmax(0, 1fr); grid-row: span 3; grid-template-rows: subgrid; align-content: start; }
figure { margin: 0; background: var(--card); border: 1px solid var(--grid); border-radius: 8px; padding: 12px; }
figure svg { display: block; width: 100%; height: auto; } svg text { font-size: 12px; font-family: inherit; }
figcaption { color: var(--faint); font-size: .88rem; margin: 8px 0 0; text-wrap: pretty; }
.keys { display: flex; flex-wrap: wrap; gap: 2px 18px; justify-content: center; list-style: none; margin: 4px 0 0; padding: 0; font-size: .85rem; }
.keys li { display: flex; align-items: center; gap: 7px; margin: 0; }
.key { flex: none; display: inline-block; width: 20px; border-top: 3px solid currentColor; }
.key.dashed { border-top-style: dashed; } .key.dotted { border-top-style: dotted; }
.key:is(.bar, .circle, .triangle, .diamond, .cross, .ring, .tick) { width: 12px; height: 12px; border: 0; background: currentColor; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.key.circle { border-radius: 50%; } .key.ring { border-radius: 50%; background: none; border: 2px solid currentColor; } .key.tick { width: 2px; }
.key.triangle { clip-path: polygon(50% 0, 100% 100%, 0 100%); } .key.diamond { clip-path: polygon(50% 0, 100% 50%, 50% 100%, 0 50%); }
.key.cross { clip-path: polygon(10% 0, 50% 40%, 90% 0, 100% 10%, 60% 50%, 100% 90%, 90% 100%, 50% 60%, 10% 100%, 0 90%, 40% 50%, 0 10%); }
.narrow { display: none; }
.scroll { overflow-x: auto; margin: 8px 0 14px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; overflow-wrap: break-word; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
th { font-weight: 600; } thead th { color: var(--faint); vertical-align: bottom; } tbody th { font-weight: 400; }
td, tbody th { min-width: 5em; } tbody th { min-width: 7em; }
tr.chosen > * { font-weight: 700; background: color-mix(in srgb, var(--good) 12%, transparent); }
.reasons { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; margin: 0; }
.reasons div { background: var(--card); border: 1px solid var(--grid); border-radius: 8px; padding: 10px 14px; }
.reasons dt { font-weight: 700; overflow-wrap: anywhere; } .reasons dd { margin: 4px 0 0; overflow-wrap: anywhere; } .reasons .change { color: var(--faint); font-size: .92rem; }
.origin { margin: 8px 0 16px; } .origin div { display: grid; grid-template-columns: 11em 1fr; gap: 12px; padding: 5px 0; border-bottom: 1px solid var(--grid); }
.origin dt { color: var(--faint); } .origin dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
ul { padding-left: 1.2em; margin: 8px 0; } li { margin: 4px 0; overflow-wrap: anywhere; }
ul.warnings { list-style: none; padding: 0; } ul.warnings li { border-left: 4px solid var(--warn); background: var(--card); padding: 6px 12px; margin: 6px 0; }
details { margin: 8px 0; } summary { cursor: pointer; color: var(--accent); font-size: .92rem; width: fit-content; padding: 2px 0; }
pre { background: var(--code); border-radius: 8px; padding: 10px 14px; overflow-x: auto; font-size: .86rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media screen and (max-width: 620px) {
  .wide { display: none; } .narrow { display: block; } .pair { grid-template-columns: minmax(0, 1fr); gap: 0; }
  main { padding: 18px 12px 48px; } .sentence { font-size: 1.22rem; } figure { padding: 8px 6px; } figcaption { padding: 0 6px 4px; }
  table.cards, .cards tbody, .cards tr, .cards th, .cards td { display: block; } .cards thead { display: none; }
  .cards tr { border: 1px solid var(--grid); border-radius: 8px; margin: 0 0 8px; padding: 6px 10px; background: var(--card); }
  .cards tr > * { border: 0; padding: 1px 0; background: none; } .cards tbody th { font-weight: 700; padding-bottom: 3px; }
  .cards td { display: grid; grid-template-columns: 9em minmax(0, 1fr); gap: 8px; overflow-wrap: anywhere; } .cards td::before { content: attr(data-head); color: var(--faint); font-weight: 400; }
  .cards tr.chosen { border-color: var(--good); background: color-mix(in srgb, var(--good) 12%, transparent); } .cards tr.chosen > * { background: none; }
  .facts { grid-template-columns: 1fr 1fr; gap: 8px; } .facts dd { font-size: 1rem; } .origin div { grid-template-columns: 1fr; gap: 0; }
}
@media print {
  @page { size: A4; margin: 14mm; }
  :root { --page: #fff; --card: #fff; }
  html { font-size: 10pt; } body { font-size: 1rem; } .wide svg { max-height: 64mm; } main { max-width: none; padding: 0; } nav { display: none; }
  .wide { display: block; } .narrow { display: none; }
  .pair { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 16px; }
  h2 { break-after: avoid; margin-top: 14px; padding-top: 8px; } .takeaway { break-after: avoid; }
  .figure, .pair, .takeaway, .facts div, .reasons div, .origin div, tr, pre, ul.warnings li { break-inside: avoid; }
  .numbers { display: none; } summary { break-after: avoid; } section > p { break-after: avoid; }
  .scroll { overflow: visible; } table { font-size: 9pt; } thead { display: table-header-group; }
  td, tbody th { min-width: 0; } figcaption, .keys { font-size: 9pt; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; } summary { color: var(--faint); list-style: none; }
}
`;
