import type { ProfiledModel } from '../sizing/profile-result';
import type { Launch } from './confinement';
import type { ServerSettings } from './server-settings';

/** What a server is started with for one measurement, besides its settings. */
export interface LaunchOptions {
  /** Milliseconds a request may wait for an engine before it is refused. */
  readonly maxQueueWaitMs: number;
  /** Body limit, bytes. */
  readonly maxBodyBytes: number;
  /** Decided before the start where the server runs in a container; 0 lets it take a free one. */
  readonly port: number;
}

/**
 * What is profiled: a model, an entry script with its models, or an image that was built of either. It knows how to be started;
 * what is measured then is the same for all.
 */
export interface Subject {
  readonly kind: 'onnx' | 'script' | 'image';
  /** Default name of the profile. */
  readonly name: string;
  /** Names, digests and versions for the result. */
  readonly described: ProfiledModel;
  /** The model whose signature and operators can be looked at, where there is just one. */
  readonly onnxFile?: string;
  /** Whether waiting requests may share a run; scripts decide themselves, so only models. */
  readonly batches: boolean;
  /** File name of the script that scores, where one does. */
  readonly entryScript?: string;
  /**
   * Files that a first start reads: dropped from the page cache before a cold start is shown. Of an image those of its layers, where
   * this process may read them.
   */
  readonly files: readonly string[];
  /** The image to run, where it is one: then only a container engine can limit it. */
  readonly image?: string;
  /** SHA-256 of the one model inside, lower-case hex, where the image says it. */
  readonly modelSha256?: string;
  /** A plain process; of an image only the arguments and variables, which the confinement makes a container of. */
  launch(settings: ServerSettings, options: LaunchOptions): Launch;
}

export { openSubject } from './subjects/open-subject';
export type { SubjectOptions } from './subjects/open-subject';
