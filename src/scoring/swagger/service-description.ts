import { JsonObject } from './json';

/** The versions that are written, as `?version=` names them. */
export const SWAGGER_VERSIONS = ['2', '3', '3.1'] as const;
export type SwaggerVersion = (typeof SWAGGER_VERSIONS)[number];

/** What may stand before a path. */
export function withoutSlash(prefix: string): string {
  return prefix.replace(/\/+$/, '');
}

/** A path that scores, and what it takes and gives. */
export interface ScoreOperation {
  /** As in a URL. */
  readonly path: string;
  /** Appended to operation and schema names, so that several models have theirs; else empty. */
  readonly suffix: string;
  /** What the path scores, for people. */
  readonly what: string;
  readonly input: PayloadDescription;
  readonly output: PayloadDescription;
}

/** A body: its schema, and one that was seen to work. */
export interface PayloadDescription {
  readonly schema: JsonObject;
  /** JSON text. */
  readonly example?: string;
}

/** A service as its documents describe it, in all versions alike. */
export interface ServiceDescription {
  readonly name: string;
  readonly version: string;
  /** Whether callers send `Authorization: Bearer …`. */
  readonly authenticated: boolean;
  /** Before every path, without a slash at its end; the server's own paths do not have it. */
  readonly pathPrefix: string;
  /** HTTPS only. */
  readonly tls: boolean;
  readonly operations: readonly ScoreOperation[];
}
