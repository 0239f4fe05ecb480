import type { Profile } from './profile';
import { answer, cautions, reasons } from './report/answer';
import { batchFigures, operatorFigure, settingsFigure } from './report/request-figures';
import { capacityFigure } from './report/capacity-figure';
import { Figure, renderFigures } from './report/figure';
import { escapeHtml, Section } from './report/html';
import { distributionFigure, queueFigure } from './report/latency-figures';
import { memoryFigures } from './report/memory-figures';
import { glossary, origin } from './report/origin';
import { costFigure, throttlingFigure } from './report/size-figures';
import { REPORT_STYLE } from './report/style';
import { otherTargets, percentiles, scaling } from './report/tables';
import { discardedTable, windowFigure } from './report/window-figures';

/**
 * The profile as one HTML file that needs nothing else: no network, no script, no font. Pictures are drawn here and now as SVG,
 * once for wide pages and once for phones; colours follow the reader's light or dark setting. Parts without data are left out.
 */
export function renderReport(profile: Profile): string {
  const { result } = profile;
  const sections = sectionsOf(profile);
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
<header>
${answer(result)}
</header>
${contents(sections)}
${sections.map(({ id, topic, html }) => `<section id="${id}"><h2>${escapeHtml(topic)}</h2>\n${html}</section>`).join('\n')}
</main>
</body>
</html>
`;
}

function sectionsOf(profile: Profile): Section[] {
  const drawn = (id: string, topic: string, ...figures: ReadonlyArray<Figure | undefined>): Section | undefined => {
    const present = figures.filter(figure => figure !== undefined);
    return present.length === 0 ? undefined : { id: `about-${id}`, topic, html: renderFigures(present) };
  };
  const windows = drawn('windows', 'What was kept and discarded', windowFigure(profile));
  const sections: ReadonlyArray<Section | undefined> = [
    reasons(profile),
    cautions(profile),
    drawn('cost', 'Cost against latency', costFigure(profile)),
    drawn('capacity', 'Capacity against cores', capacityFigure(profile)),
    drawn('latency', 'Latency, predicted and measured', distributionFigure(profile)),
    drawn('throttling', 'Throttling', throttlingFigure(profile)),
    drawn('settings', 'Threads, spinning, workers', settingsFigure(profile)),
    drawn('memory', 'Memory', ...memoryFigures(profile)),
    drawn('batch', 'Requests at once', ...batchFigures(profile)),
    drawn('queue', 'Arrivals and queue', queueFigure(profile)),
    drawn('operators', 'Heaviest operators', operatorFigure(profile)),
    windows && { ...windows, html: windows.html + discardedTable(profile) },
    percentiles(profile),
    otherTargets(profile),
    scaling(profile),
    origin(profile),
    glossary(),
  ];
  return sections.filter(section => section !== undefined);
}

const contents = (sections: readonly Section[]): string =>
  `<nav aria-label="Contents"><ul>${sections.map(({ id, topic }) => `<li><a href="#${id}">${escapeHtml(topic)}</a></li>`).join('')}</ul></nav>`;
