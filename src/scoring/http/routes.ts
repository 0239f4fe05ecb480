import { ServedModel } from '../model/model-layout';

/** What a path asks for. */
export interface Route {
  readonly kind: 'home' | 'live' | 'ready' | 'swagger' | 'score';
  /** Index of the model to score; absent where several are served and none was named. */
  readonly model?: number;
}

/** The methods that each kind of path knows, for `Allow`. */
export const METHODS: Readonly<Record<Route['kind'], readonly string[]>> = {
  home: ['GET', 'HEAD', 'OPTIONS'],
  live: ['GET', 'HEAD', 'OPTIONS'],
  ready: ['GET', 'HEAD', 'OPTIONS'],
  swagger: ['GET', 'HEAD', 'OPTIONS'],
  score: ['GET', 'OPTIONS', 'POST'],
};

/** The paths of a service: `/score` for one model, `/score/<name>` (newest version) and `/score/<name>/<version>` for each. */
export class Routes {
  private readonly table = new Map<string, Route>([
    ['/', { kind: 'home' }],
    ['/health/live', { kind: 'live' }],
    ['/health/ready', { kind: 'ready' }],
    ['/swagger.json', { kind: 'swagger' }],
  ]);
  /** The paths that score, for messages. */
  readonly scorePaths: readonly string[];

  /** `models` sorted by name, newest version first. */
  constructor(models: readonly ServedModel[]) {
    this.table.set('/score', { kind: 'score', model: models.length === 1 ? 0 : undefined });
    models.forEach((model, index) => modelPaths(model).forEach(path => this.add(path, index)));
    const named = [...this.table.keys()].filter(path => path.startsWith('/score/')).map(path => encodeURI(path));
    this.scorePaths = models.length === 1 ? ['/score'] : named;
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

  private add(path: string, model: number): void {
    // the newest version came first and keeps the short path
    if (!this.table.has(path)) this.table.set(path, { kind: 'score', model });
  }
}

/** Short path first. */
export function modelPaths({ name, version }: ServedModel): string[] {
  return version === undefined ? [`/score/${name}`] : [`/score/${name}`, `/score/${name}/${version}`];
}
