/** Pieces of a page; whatever comes from elsewhere is escaped here. */

/** A named part of the report; parts without data are never made. */
export interface Section {
  /** The fragment that the contents link to. */
  readonly id: string;
  readonly topic: string;
  readonly html: string;
}

export interface Table {
  readonly heads: readonly string[];
  readonly rows: readonly Row[];
}

export interface Row {
  readonly cells: readonly Cell[];
  readonly chosen?: boolean;
}

/** Text, or text with a tone; the text must say the same without its colour. */
export type Cell = string | { readonly text: string; readonly tone: Tone };
export type Tone = 'holds' | 'fails' | 'unresolved' | 'faint';

export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

export const paragraph = (text: string, className?: string): string =>
  `<p${className ? ` class="${className}"` : ''}>${escapeHtml(text)}</p>`;

export const list = (items: readonly string[], className: string): string =>
  `<ul class="${className}">${items.map(item => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;

/** Something that a reader may open; on paper it is open, or left out where it is the numbers of a drawing. */
export const details = (summary: string, html: string, kind?: 'numbers'): string =>
  `<details${kind ? ` class="${kind}"` : ''}><summary>${escapeHtml(summary)}</summary>${html}</details>`;

/** Name and value pairs, one below the other. */
export const definitions = (pairs: ReadonlyArray<readonly [string, string]>, className: string): string =>
  `<dl class="${className}">${pairs.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>`;

export function table({ heads, rows }: Table, caption: string): string {
  const head = heads.map(each => `<th scope="col">${escapeHtml(each)}</th>`).join('');
  const body = rows.map(
    ({ cells, chosen }) =>
      `<tr${chosen ? ' class="chosen"' : ''}>${cells.map((cell, column) => cellHtml(cell, column, heads)).join('')}</tr>`,
  );
  // focusable, so that what a narrow page cuts off can be reached with the keyboard
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table${heads.length > 3 ? ' class="cards"' : ''}><thead><tr>${head}</tr></thead>` +
    `<tbody>${body.join('')}</tbody></table></div>`
  );
}

/** A phone shows each row as a card, where the heads stand beside the values. */
function cellHtml(cell: Cell, column: number, heads: readonly string[]): string {
  const { text, tone } = typeof cell === 'string' ? { text: cell, tone: undefined } : cell;
  const attributes = tone ? ` class="${tone}"` : '';
  if (column === 0) return `<th scope="row"${attributes}>${escapeHtml(text)}</th>`;
  const head = heads.length > 3 ? ` data-head="${escapeHtml(heads[column] ?? '')}"` : '';
  return `<td${attributes}${head}>${escapeHtml(text)}</td>`;
}
