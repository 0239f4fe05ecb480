import { Command } from 'commander';
import { existsSync } from 'fs';
import { CommandFailure, usageFailure } from './failure';
import { KEY_VARIABLE } from './keys';
import { Endpoint, parseScoringUri, post } from './post';
import { Terminal } from './terminal';
import { parseDuration } from './values';

interface ScoreOptions {
  readonly input: string;
  readonly key?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

const HELP = `
The file is a JSON array of request bodies, one body, one body a line, or a CSV file with one column of bodies. Answers come
as JSON lines on stdout, in the same order; the first refusal ends it. ${KEY_VARIABLE} gives the key without showing it.

Example:
  $ MODEL_SERVING_KEY=<key> model-serving score http://127.0.0.1:5001/score --input models/digits-samples.json
  {"label":[1],"probabilities":[[0.0001,0.9987,…]]}`;

export function scoreCommand(terminal: Terminal): Command {
  return new Command('score')
    .description('send request bodies to a service, on this machine or deployed, and print its answers')
    .argument('<url>', 'the scoring URI')
    .requiredOption('--input <file>', 'request bodies')
    .option('--key <key>', `the service's key (default: ${KEY_VARIABLE})`)
    .option('--timeout <duration>', 'longest wait for one answer, such as 500ms or 30s', parseDuration, 60_000)
    .addHelpText('after', HELP)
    .action((url: string, options: ScoreOptions) => run(terminal, url, options));
}

async function run(terminal: Terminal, url: string, options: ScoreOptions): Promise<void> {
  const endpoint: Endpoint = {
    url: parseScoringUri(url),
    key: options.key ?? (process.env[KEY_VARIABLE] || undefined),
    timeoutMs: options.timeout,
  };
  if (!existsSync(options.input))
    throw usageFailure(`there is no file "${options.input}"`, 'give --input a file of request bodies');
  const { readInputs } = await import('../profiler/inputs');
  const bodies = readInputs(options.input);
  const answers: string[] = [];
  for (const [index, body] of bodies.entries()) {
    const which = `body ${index + 1} of ${bodies.length} in ${options.input}`;
    const answer = onOneLine(await post(endpoint, body, which), which);
    answers.push(answer);
    terminal.piece(answer);
  }
  // as text: parsed and written again, integers beyond 2^53 would change
  terminal.end(`{"scoringUri":${JSON.stringify(endpoint.url)},"answers":[${answers.join(',')}]}`);
  terminal.note(`${answers.length} scored by ${endpoint.url}`);
  terminal.note(
    `next: find the size it needs: model-serving profile <model> --input ${options.input} --rate 50 --p95 40ms --target aci`,
  );
}

/** The answer as it came, if it is JSON; line breaks in JSON text stand between values only. */
function onOneLine(answer: string, which: string): string {
  try {
    JSON.parse(answer);
  } catch {
    throw new CommandFailure(
      'ANSWER_NOT_JSON',
      `${which} was answered with something else than JSON: ${answer.slice(0, 80)}`,
      'check that the URL is a scoring URI',
    );
  }
  return answer.replace(/[\r\n]+\s*/g, '').trim();
}
