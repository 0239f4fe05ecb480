import { ServedModel } from '../model/model-layout';

/** What a path asks for. */
export interface Route {
  readonly kind: 'home' | 'live' | 'ready' | 'swagger' | 'score' | 'server' | 'model' | 'model-ready';
  /** In whose form failures are told: Azure ML's, or the Open Inference Protocol's. */
  readonly protocol: 'azureml' | 'oip';
  /** Index of the model that is meant; absent where several are served and none was named. */
  readonly model?: number;
}

const READ = ['GET', 'HEAD', 'OPTIONS'];
const SCORE = ['GET', 'OPTIONS', 'POST'];
const INFER = ['OPTIONS', 'POST'];

/** The methods that a path knows, for `Allow`. */
export function methodsOf({ kind, protocol }: Route): readonly string[] {
  if (kind !== 'score') return READ;
  return protocol === 'oip' ? INFER : SCORE;
}

/**
 * The paths of a service: `/score` for one model, `/score/<name>` (newest version) and `/score/<name>/<version>` for each, and
 * the Open Inference Protocol's below `/v2`. A script has `/score` only.
 */
export class Routes {
  private readonly table = new Map<string, Route>([
    ['/', { kind: 'home', protocol: 'azureml' }],
    ['/health/live', { kind: 'live', protocol: 'azureml' }],
    ['/health/ready', { kind: 'ready', protocol: 'azureml' }],
    ['/swagger.json', { kind: 'swagger', protocol: 'azureml' }],
  ]);
  /** The paths that score, for messages. */
  readonly scorePaths: readonly string[];

  /** `models` sorted by name, newest version first; undefined for a script. */
  constructor(models: readonly ServedModel[] | undefined) {
    const only = models === undefined || models.length === 1;
    this.table.set('/score', { kind: 'score', protocol: 'azureml', model: only ? 0 : undefined });
    models?.forEach((model, index) => {
      for (const path of modelPaths(model)) this.add(path, { kind: 'score', protocol: 'azureml', model: index });
      for (const path of oipPaths(model)) this.addOip(path, index);
    });
    if (models !== undefined) {
      this.add('/v2', { kind: 'server', protocol: 'oip' });
      this.add('/v2/health/live', { kind: 'live', protocol: 'oip' });
      this.add('/v2/health/ready', { kind: 'ready', protocol: 'oip' });
    }
    const named = [...this.table.keys()].filter(path => path.startsWith('/score/')).map(path => encodeURI(path));
    this.scorePaths = only ? ['/score'] : named;
  }

  /** Paths are compared decoded; a malformed one is no path. */
  match(path: string): Route | undefined {
    if (!path.includes('%')) return this.table.get(path);
    try {
      return this.table.get(decodeURIComponent(path));
    } catch {
      return undefined;
    }
  }

  private addOip(path: string, model: number): void {
    this.add(path, { kind: 'model', protocol: 'oip', model });
    this.add(`${path}/ready`, { kind: 'model-ready', protocol: 'oip', model });
    this.add(`${path}/infer`, { kind: 'score', protocol: 'oip', model });
  }

  private add(path: string, route: Route): void {
    // the newest version came first and keeps the short path
    if (!this.table.has(path)) this.table.set(path, route);
  }
}

/** Short path first. */
export function modelPaths({ name, version }: ServedModel): string[] {
  return version === undefined ? [`/score/${name}`] : [`/score/${name}`, `/score/${name}/${version}`];
}

function oipPaths({ name, version }: ServedModel): string[] {
  return version === undefined ? [`/v2/models/${name}`] : [`/v2/models/${name}`, `/v2/models/${name}/versions/${version}`];
}
