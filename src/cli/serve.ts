import { Command, Option } from 'commander';
import { existsSync } from 'fs';
import * as path from 'path';
import { CONTAINER, ENV, SERVER_DEFAULTS } from '../core/server-contract';
import type { LaunchedServer } from '../scoring/launch';
import { CommandFailure, usageFailure } from './failure';
import { generateKey, KEY_VARIABLE, writeKeys } from './keys';
import { programFile, requireOnnxRuntime } from './programs';
import { Terminal } from './terminal';
import { isEntryScript, parseWhole } from './values';

interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly auth: 'keys' | 'none';
  readonly keysDir?: string;
  readonly threads: number;
  readonly model?: string;
  readonly python: string;
  readonly verbose?: boolean;
}

/** Who may call, and what must be cleaned up afterwards. */
interface Access {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Set where this run made the key up, so that it must be told. */
  readonly generatedKey?: string;
  readonly remove: () => void;
}

const HELP = `
Keys: unless --auth none is given, a request must carry "Authorization: Bearer <key>". The keys are
those in the files primary and secondary of --keys-dir, else that of ${KEY_VARIABLE}, else a new one that is shown once, on stderr.
The scoring URI is the only line on stdout, written when the server is ready. Ctrl-C lets running requests end, then stops.

An entry script (score.py, score.js, …) with init and run is served as it would be in its image; Python scripts need the packages
azureml-inference-server-http and inference-schema in the Python that --python names.

Example:
  $ model-serving serve models/digits.onnx --port 0
  http://127.0.0.1:37645/score
  $ model-serving serve score.py --model models/digits.onnx
  http://127.0.0.1:5001/score`;

export function serveCommand(terminal: Terminal): Command {
  return new Command('serve')
    .description('serve a model on this machine, with the server that goes into the image')
    .argument('<model>', 'an .onnx file, a folder that holds one, a folder of <name>/<version> folders, or an entry script')
    .option('--port <number>', 'port to listen on; 0 takes a free one', parseWhole(0, 65535), CONTAINER.port)
    .option('--host <address>', 'address to listen on; 0.0.0.0 lets other machines in', '127.0.0.1')
    .addOption(new Option('--auth <mode>', 'who may call').choices(['keys', 'none']).default('keys'))
    .option('--keys-dir <folder>', 'folder with the key files primary and, if wanted, secondary; re-read when they change')
    .option('--threads <number>', 'threads that one request uses', parseWhole(1, 1024), SERVER_DEFAULTS.intraOpThreads)
    .option('--model <path>', "an entry script's model: its file, its folder, or a folder of <name>/<version> folders")
    .option('--python <path>', 'the Python that runs a .py entry script', process.env[ENV.python] || 'python3')
    .option('--verbose', "show the whole of the server's log")
    .addHelpText('after', HELP)
    .action((model: string, options: ServeOptions) => run(terminal, model, options));
}

async function run(terminal: Terminal, model: string, options: ServeOptions): Promise<void> {
  checkOptions(terminal, model, options);
  const access = grantAccess(options);
  process.once('exit', access.remove); // also where something throws
  const stopper = new Stopper(); // before anything is started: the server is in a group of its own and would live on
  try {
    const server = await start(terminal, model, options, access);
    stopper.watch(server);
    announce(terminal, server, options, access);
    const code = await server.exited;
    if (!stopper.stopping) throw endedByItself(server, code);
    terminal.note('stopped');
  } finally {
    stopper.close();
    access.remove();
  }
}

function checkOptions(terminal: Terminal, model: string, options: ServeOptions): void {
  for (const given of [model, options.model ?? model]) {
    if (!existsSync(given))
      throw usageFailure(
        `there is no file or folder "${given}"`,
        'give the path of an .onnx file, of its folder, or of an entry script',
      );
  }
  if (options.model && !isEntryScript(model)) throw usageFailure('--model goes with an entry script', 'leave it out');
  if (options.auth === 'none' && options.keysDir)
    throw usageFailure('--auth none has no use for --keys-dir', 'leave one of them out');
  if (/^(localhost|::1|127\..*)$/.test(options.host)) return;
  if (options.auth === 'none')
    terminal.warn(`everybody who reaches ${options.host} can score: --auth none on an address that other machines reach`);
  else if (!process.env[ENV.tlsDirectory])
    terminal.warn(
      `keys travel unencrypted to ${options.host}; ${ENV.tlsDirectory}=<folder of tls.crt and tls.key> turns HTTPS on`,
    );
}

function grantAccess(options: ServeOptions): Access {
  const nothing = () => {};
  // the key goes to the server in a file: its environment does not need it
  const hidden = { [KEY_VARIABLE]: undefined };
  if (options.auth === 'none') return { env: { ...hidden, [ENV.auth]: 'none', [ENV.keysDirectory]: undefined }, remove: nothing };
  if (options.keysDir) {
    return { env: { ...hidden, [ENV.auth]: 'keys', [ENV.keysDirectory]: path.resolve(options.keysDir) }, remove: nothing };
  }
  const given = process.env[KEY_VARIABLE];
  const key = given || generateKey();
  const { directory, remove } = writeKeys(key);
  const env = { ...hidden, [ENV.auth]: 'keys', [ENV.keysDirectory]: directory };
  return given ? { env, remove } : { env, generatedKey: key, remove };
}

async function start(terminal: Terminal, model: string, options: ServeOptions, access: Access): Promise<LaunchedServer> {
  const script = isEntryScript(model);
  if (!script) requireOnnxRuntime();
  const { launchScoringServer, LaunchError } = await import('../scoring/launch');
  terminal.progress(`loading ${model} …`);
  try {
    return await launchScoringServer({
      bundle: programFile('scoring-server'),
      modelPath: script ? (options.model && path.resolve(options.model)) || '' : path.resolve(model),
      ownGroup: true, // a Ctrl-C reaches us alone, and we stop the server once
      env: {
        [ENV.host]: options.host,
        [ENV.port]: String(options.port),
        [ENV.intraOpThreads]: String(options.threads),
        [ENV.serviceName]: process.env[ENV.serviceName] ?? path.parse(path.resolve(model)).name,
        ...(script && scriptEnvironment(model, options)),
        ...access.env,
      },
      onLine: line => showLog(terminal, line, options.verbose ?? false),
    });
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    const fix = /^Port /.test(error.message) ? '--port 0 takes a free one' : "--verbose shows the whole of the server's log";
    throw new CommandFailure('SERVE_FAILED', error.message, fix);
  }
}

function scriptEnvironment(script: string, { python }: ServeOptions): Readonly<Record<string, string>> {
  const { dir, base } = path.parse(path.resolve(script));
  return { [ENV.appRoot]: dir, [ENV.entryScript]: base, [ENV.python]: python };
}

/** The server writes JSON lines; without --verbose only what went wrong is worth a look. */
function showLog(terminal: Terminal, line: string, verbose: boolean): void {
  if (verbose || /"level":"(warning|error)"/.test(line)) terminal.note(line);
}

function announce(terminal: Terminal, server: LaunchedServer, options: ServeOptions, access: Access): void {
  const { scoringUri, swaggerUri, healthUri, port, pid } = server;
  const key = access.generatedKey;
  // before the URI: who waits for that may go on at once
  if (key) terminal.note(`key (shown once): ${key}`);
  terminal.result(scoringUri, { scoringUri, swaggerUri, healthUri, port, pid, auth: options.auth, ...(key && { key }) });
  terminal.note(`swagger: ${swaggerUri}`);
  const withKey = key ? ' --key <key>' : '';
  terminal.note(`next: model-serving score ${scoringUri} --input <bodies.json>${withKey}   (Ctrl-C here stops the server)`);
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Stops the server at the first signal, kills it at the second; before it is there, ends the command. */
class Stopper {
  public stopping = false;
  private server?: LaunchedServer;

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.onSignal);
  }

  watch(server: LaunchedServer): void {
    this.server = server;
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
  }

  private readonly onSignal = (): void => {
    if (this.server === undefined) process.exit(130); // which ends a server that is loading
    if (this.stopping) process.kill(this.server.pid, 'SIGKILL');
    else void this.server.stop();
    this.stopping = true;
  };
}

function endedByItself(server: LaunchedServer, code: number | null): CommandFailure {
  const words = server.output.slice(-3).join(' ');
  const problem = `the server ended by itself (exit code ${code}): ${words}`;
  return new CommandFailure('SERVER_ENDED', problem, 'start it again with --verbose to see why');
}
