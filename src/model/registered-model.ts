import * as fs from 'fs';
import * as path from 'path';
import { TerraformProvider } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { ConstructDependencies } from '../core/construct-dependencies';
import { throwAll, ValidationError } from '../core/errors';
import { FileEntry } from '../core/file-tree';
import { isKnown } from '../core/tokens';
import { IModelStore } from '../workspace/model-store';
import { invalidModelName, invalidModelVersion, unreadableSample } from './errors';
import { claimVersion, resolveVersion } from './model-version';
import { isModelName } from './model-registry';
import { ModelSource } from './model-source';

/** A trained model that an image can hold. */
export interface IRegisteredModel extends IConstruct {
  /** The name that services and entry scripts know the model by. */
  readonly modelName: string;
  /** Counted from 1; rises when the bytes change. */
  readonly modelVersion: number;
  /** `<name>:<version>`, as Azure ML v1 wrote it. */
  readonly modelId: string;
  /** SHA-256 of the model's bytes, lower-case hex. */
  readonly modelDigest: string;
  /** The model's files; absent for an imported model. @internal */
  readonly _files?: readonly FileEntry[];
  /** A request body that it scores, as JSON text. @internal */
  readonly _sampleInput?: string;
}

/** How a model's bytes and metadata are registered. */
export interface RegisteredModelProps {
  /** Where the bytes come from. */
  readonly source: ModelSource;

  /**
   * The name that services and entry scripts know the model by: 1 to 255 letters, digits, `-`, `_` and `.`.
   * @default - the source's file or folder name without its extension
   */
  readonly modelName?: string;

  /**
   * Version, counted from 1 as Azure ML v1 did.
   * @default - the version that the lock file gives these bytes, else 1
   */
  readonly modelVersion?: number;

  /**
   * The lock file that `model-serving register` writes. A stack without one works, too.
   * @default models.lock.json in the folder that synth runs in
   */
  readonly lockFile?: string;

  /**
   * A JSON file with a request body that the model scores, or with an array of them, of which the first is taken. The service's
   * Swagger document shows it, so it must hold nothing that a caller may not see.
   * @default - zeros, where the model accepts them
   */
  readonly sampleInput?: string;

  /**
   * Keeps the bytes in blob storage as well, under a content-addressed name.
   * @default - the bytes go into the image only
   */
  readonly store?: IModelStore;

  /**
   * Provider of the store's blobs, where it is not the stack's only azurerm provider.
   * @default - the stack's provider
   */
  readonly provider?: TerraformProvider;
}

/** A model that was registered elsewhere, by what is known of it. */
export interface RegisteredModelAttributes {
  /** Its name. */
  readonly modelName: string;
  /** Its version, from 1. */
  readonly modelVersion: number;
  /** SHA-256 of its bytes, lower-case hex. */
  readonly modelDigest: string;
}

abstract class RegisteredModelBase extends Construct implements IRegisteredModel {
  public abstract readonly modelName: string;
  public abstract readonly modelVersion: number;
  public abstract readonly modelDigest: string;

  public get modelId(): string {
    return `${this.modelName}:${this.modelVersion}`;
  }
}

/**
 * A trained model under a name and a version, addressed by its content.
 *
 * Emits nothing by itself; give it a `store` to keep the bytes in blob storage. In the container its files are under
 * `azureml-models/<name>/<version>/`, with the names that they have here.
 *
 * Throws `MODEL_BYTES_CHANGED` where the lock file, or another construct of the app, knows this name and version with
 * other bytes; `MODEL_SAMPLE_UNREADABLE`.
 *
 * @see docs/registered-model.md
 */
export class RegisteredModel extends RegisteredModelBase {
  /** Brings in a model that was registered elsewhere. It cannot be built into an image, only named. */
  public static fromRegisteredModelAttributes(
    scope: Construct,
    id: string,
    attributes: RegisteredModelAttributes,
  ): IRegisteredModel {
    class Import extends RegisteredModelBase {
      public readonly modelName = attributes.modelName;
      public readonly modelVersion = attributes.modelVersion;
      public readonly modelDigest = attributes.modelDigest;
    }
    return new Import(scope, id);
  }

  public readonly modelName: string;
  public readonly modelVersion: number;
  public readonly modelDigest: string;
  /** @internal */
  public readonly _files: readonly FileEntry[];
  /** @internal */
  public readonly _sampleInput?: string;

  constructor(scope: Construct, id: string, props: RegisteredModelProps) {
    super(scope, id);
    ConstructDependencies.enforce(this);
    const bound = props.source._bind(this);
    this.modelName = props.modelName ?? bound.defaultName;
    this.modelDigest = bound.digest;
    this._files = bound.files;
    this._sampleInput = props.sampleInput === undefined ? undefined : readSample(this, props.sampleInput);
    throwAll(checkIdentity(this, this.modelName, props.modelVersion));
    const lockFile = path.resolve(props.lockFile ?? 'models.lock.json');
    this.modelVersion = resolveVersion(this, lockFile, this.modelName, bound.digest, props.modelVersion);
    claimVersion(this);
    props.store?._storeModel(this, {
      name: this.modelName,
      version: this.modelVersion,
      digest: this.modelDigest,
      files: this._files,
    });
  }
}

/** The first body of the file, as it stands there. */
function readSample(scope: IConstruct, file: string): string {
  try {
    const text = fs.readFileSync(file, 'utf8');
    const content = JSON.parse(text) as unknown;
    if (!Array.isArray(content)) return text;
    if (content.length === 0) throw new Error('it is an empty array');
    return JSON.stringify(content[0]);
  } catch (error) {
    throw unreadableSample(scope, file, (error as Error).message);
  }
}

/** Name and version become a path in the image, so both must be known at synth. */
function checkIdentity(scope: IConstruct, name: string, version: number | undefined): ValidationError[] {
  const faults: ValidationError[] = [];
  if (!isKnown(name) || !isModelName(name)) faults.push(invalidModelName(scope, name));
  if (version !== undefined && !(Number.isSafeInteger(version) && version >= 1)) faults.push(invalidModelVersion(scope, version));
  return faults;
}
