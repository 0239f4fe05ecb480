#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { CommandFailure, EXIT } from './failure';
import { explain } from './explain';
import { profileCommand } from './profile';
import { registerCommand } from './register';
import { scoreCommand } from './score';
import { serveCommand } from './serve';
import { Terminal } from './terminal';

const EXAMPLES = `
From a trained model to a scored request:
  $ model-serving register models/digits.onnx --name digits
  $ model-serving profile models/digits.onnx --input models/digits-samples.json --rate 50 --p95 40ms --target aci
  $ model-serving serve models/digits.onnx
  $ model-serving score http://127.0.0.1:5001/score --input models/digits-samples.json --key <key that serve printed>

Exit codes: 0 done · 1 failed · 2 wrong usage · 3 profile: no size meets the target · 4 score: nothing answers
· 5 profile: --assert fails · 6 profile: --baseline shows a regression
Each command has its own --help. More: docs/cli.md`;

const COMMANDS = ['register', 'profile', 'serve', 'score'];

/** Reads the arguments, runs one command, and leaves its exit code in `process.exitCode`. */
async function main(args: readonly string[]): Promise<void> {
  const json = args.includes('--json');
  const terminal = new Terminal(json);
  try {
    await buildProgram(terminal, json).parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(terminal, error);
  }
}

function buildProgram(terminal: Terminal, json: boolean): Command {
  const program = new Command('model-serving')
    .description('Registers, measures, serves and scores trained models. Constructs of cdktf-model-serving deploy them.')
    .option('--json', 'print the result as one JSON value on stdout, and no progress')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', EXAMPLES)
    .configureHelp({ showGlobalOptions: true });
  const commands = [registerCommand(terminal), profileCommand(terminal), serveCommand(terminal), scoreCommand(terminal)];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands]) quiet(command);
  return program;

  /** Errors come back as exceptions and are written in one place. */
  function quiet(command: Command): void {
    command
      .exitOverride()
      .configureOutput({ writeErr: text => void (json || process.stderr.write(text)), outputError: () => {} });
  }
}

/** Writes what went wrong; returns the exit code. */
function report(terminal: Terminal, error: unknown): number {
  if (error instanceof CommanderError) return reportUsage(terminal, error);
  const failure = explain(error);
  terminal.failure(failure);
  return failure.exitCode;
}

function reportUsage(terminal: Terminal, error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.done; // --help and --version
  // without a command the help itself is the answer
  if (error.code === 'commander.help') return EXIT.usage;
  const command = process.argv.find(argument => COMMANDS.includes(argument));
  const help = ['model-serving', command, '--help'].filter(Boolean).join(' ');
  terminal.failure(new CommandFailure('USAGE', error.message.replace(/^error: /, ''), `see ${help}`, EXIT.usage));
  return EXIT.usage;
}

// a reader that has seen enough (`… | head`) is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

void main(process.argv.slice(2));
