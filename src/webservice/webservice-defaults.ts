import { IConstruct } from 'constructs';
import { Sizing } from '../sizing/sizing';
import { Auth } from './auth';

/** What a subtree's services get where they say nothing themselves. */
export interface WebserviceDefaultValues {
  /** @default - Azure ML v1's 0.1 cores and 0.5 GB, with a warning */
  readonly sizing?: Sizing;
  /** @default Auth.keys() */
  readonly auth?: Auth;
  /**
   * Merged with the service's own; the service's win.
   * @default - none
   */
  readonly tags?: { [name: string]: string };
  /**
   * Merged with the service's own; the service's win.
   * @default - none
   */
  readonly environment?: { [name: string]: string };
}

const VALUES = Symbol.for('cdktf-model-serving.webservice-defaults');

type Holder = IConstruct & { [VALUES]?: WebserviceDefaultValues };

/**
 * A platform team's defaults for every service below a construct: set them on the app or a stack, before the services.
 *
 * @example WebserviceDefaults.of(app).set({ tags: { team: 'vision' } });
 * @see docs/platform-template.md
 */
export class WebserviceDefaults {
  /** The defaults of the subtree that starts at `scope`. */
  public static of(scope: IConstruct): WebserviceDefaults {
    return new WebserviceDefaults(scope);
  }

  /** Defaults of the construct and of all above it; the nearest wins, tags and environment add up. @internal */
  public static _resolve(scope: IConstruct): WebserviceDefaultValues {
    return scope.node.scopes
      .map(node => (node as Holder)[VALUES] ?? {})
      .reduce((outer, inner) => ({
        ...outer,
        ...inner,
        tags: { ...outer.tags, ...inner.tags },
        environment: { ...outer.environment, ...inner.environment },
      }));
  }

  private constructor(private readonly scope: Holder) {}

  /** Adds to what is set already; the same field is replaced. */
  public set(values: WebserviceDefaultValues): WebserviceDefaults {
    this.scope[VALUES] = { ...this.scope[VALUES], ...values };
    return this;
  }
}
