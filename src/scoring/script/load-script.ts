import { spawnSync } from 'child_process';
import { realpathSync } from 'fs';
import * as path from 'path';
import { pathToFileURL } from 'url';
import { InitContext, RunContext } from './entry-script';
import { ScriptError, scriptStack } from './script-error';

/** A loaded module that was found to be an entry script. */
export interface LoadedModule {
  readonly init?: (context: InitContext) => unknown;
  readonly run: (input: unknown, context: RunContext) => unknown;
  readonly rawHttp: boolean;
  /** Present even where the sample is `null`. */
  readonly inputSample?: { readonly value: unknown };
  readonly outputSample?: { readonly value: unknown };
}

const ENDINGS = ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts'];

/**
 * Imports the entry script, CommonJS or ES module, JavaScript or TypeScript whose types Node.js strips by itself.
 *
 * @throws ScriptError saying where the fault is.
 */
export async function loadScript(script: string, appRoot: string): Promise<LoadedModule> {
  const file = scriptFile(script, appRoot);
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new ScriptError(`The entry script '${script}' cannot be loaded:\n${locatedStack(error, file)}`);
  }
  return checkExports(script, exported);
}

function scriptFile(script: string, appRoot: string): string {
  const ending = path.extname(script);
  if (!ENDINGS.includes(ending)) {
    throw new ScriptError(`The entry script is '${script}'; its ending must be one of ${ENDINGS.join(', ')}.`);
  }
  if (ending.endsWith('ts') && !stripsTypes()) {
    throw new ScriptError(
      `The entry script '${script}' is TypeScript, which Node.js runs by itself from 22.18 on; this is ${process.version}. ` +
        'Use a newer Node.js, or compile the script to JavaScript.',
    );
  }
  try {
    return realpathSync(path.resolve(appRoot, script));
  } catch {
    throw new ScriptError(`The entry script '${script}' is not in '${appRoot}'.`);
  }
}

/** The typings of Node.js 20 do not know it. */
function stripsTypes(): boolean {
  const { typescript } = process.features as { readonly typescript?: false | 'strip' | 'transform' };
  return typeof typescript === 'string';
}

/** Node.js does not say where in an ES module a syntax error is; its checker does. */
function locatedStack(error: unknown, file: string): string {
  const stack = scriptStack(error);
  if (!(error instanceof SyntaxError) || /:\d+/.test(stack)) return stack;
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 10_000 });
  const excerpt = /^.*:\d+\n[^]*?SyntaxError.*$/m.exec(stderr ?? '');
  return excerpt?.[0] ?? stack;
}

function checkExports(script: string, exported: Record<string, unknown>): LoadedModule {
  // what CommonJS exports in ways that cannot be seen without running it is only on its default
  const inner = exported.default as Record<string, unknown> | null | undefined;
  const find = (name: string): unknown => exported[name] ?? (typeof inner === 'object' ? inner?.[name] : undefined);
  const run = find('run');
  const init = find('init');
  const rawHttp = find('rawHttp') ?? false;
  const [inputSample, outputSample] = [find('inputSample'), find('outputSample')];
  if (typeof run !== 'function') {
    const names = Object.keys(exported).filter(name => name !== 'default' && name !== 'module.exports');
    const what = run === undefined ? 'no run' : `a run that is no function but ${typeof run}`;
    const found = names.length === 0 ? 'nothing' : names.join(', ');
    throw new ScriptError(
      `The entry script '${script}' exports ${what}: export a function run(input, context). It exports: ${found}.`,
    );
  }
  if (init !== undefined && typeof init !== 'function') {
    throw new ScriptError(`The entry script '${script}' exports an init that is no function but ${typeof init}.`);
  }
  if (typeof rawHttp !== 'boolean') {
    throw new ScriptError(`The entry script '${script}' exports a rawHttp that is no boolean but ${typeof rawHttp}.`);
  }
  if (rawHttp && inputSample !== undefined) {
    throw new ScriptError(
      `The entry script '${script}' exports both rawHttp and inputSample: a raw request is not read before run.`,
    );
  }
  return {
    run: run as LoadedModule['run'],
    init: init as LoadedModule['init'],
    rawHttp,
    inputSample: inputSample === undefined ? undefined : { value: inputSample },
    outputSample: outputSample === undefined ? undefined : { value: outputSample },
  };
}
