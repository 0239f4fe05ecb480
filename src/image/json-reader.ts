import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';
import { inferenceJsonInvalid, inferenceJsonUnknownKeys, inferenceJsonUnsupported } from './inference-errors';

/** Reads one object of a JSON file key by key, and gathers everything that is wrong with it. `null` counts as absent. */
export class JsonReader {
  private readonly read = new Set<string>();

  constructor(
    private readonly scope: IConstruct,
    private readonly file: string,
    private readonly content: { readonly [key: string]: unknown },
    private readonly faults: ValidationError[],
    private readonly path = '',
  ) {}

  /** Keys that have a value. */
  public get keys(): string[] {
    return Object.keys(this.content).filter(key => !isEmpty(this.content[key]));
  }

  /** An empty one counts as absent, too. */
  public text(key: string): string | undefined {
    return this.typed(key, 'a string', value => (typeof value === 'string' ? value : undefined)) || undefined;
  }

  public flag(key: string): boolean | undefined {
    return this.typed(key, 'true or false', value => (typeof value === 'boolean' ? value : undefined));
  }

  /** Names and texts, such as environment variables. */
  public texts(key: string): { [name: string]: string } | undefined {
    return this.typed(key, 'an object of strings', value =>
      isObject(value) && Object.values(value).every(entry => typeof entry === 'string')
        ? (value as { [name: string]: string })
        : undefined,
    );
  }

  public object(key: string): JsonReader | undefined {
    return this.typed(key, 'an object', value =>
      isObject(value) ? new JsonReader(this.scope, this.file, value, this.faults, `${this.path}${key}.`) : undefined,
    );
  }

  /** The value as it is; for what is checked elsewhere. */
  public any(key: string): unknown {
    this.read.add(key);
    return this.content[key] ?? undefined;
  }

  /** Refuses a key that says something. */
  public refuse(key: string, reason: string, fix: string): void {
    if (isEmpty(this.any(key))) return;
    this.faults.push(inferenceJsonUnsupported(this.scope, this.file, `${this.path}${key}`, reason, fix));
  }

  /** Full names of those of `keys` that say something. */
  public ignored(...keys: string[]): string[] {
    return keys.filter(key => !isEmpty(this.any(key))).map(key => `${this.path}${key}`);
  }

  /** To be called when every key that is known was asked for. */
  public refuseOthers(): void {
    const unknown = Object.keys(this.content).filter(key => !this.read.has(key));
    if (unknown.length === 0) return;
    const named = unknown.map(key => `${this.path}${key}`);
    this.faults.push(inferenceJsonUnknownKeys(this.scope, this.file, named, [...this.read].sort()));
  }

  private typed<T>(key: string, what: string, take: (value: unknown) => T | undefined): T | undefined {
    const value = this.any(key);
    if (value === undefined) return undefined;
    const taken = take(value);
    if (taken === undefined) {
      this.faults.push(
        inferenceJsonInvalid(this.scope, this.file, `${this.path}${key} is ${JSON.stringify(value)}, not ${what}`),
      );
    }
    return taken;
  }
}

export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a file that was written by a program holds for "not set". */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}
