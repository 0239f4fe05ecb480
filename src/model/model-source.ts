import * as fs from 'fs';
import * as path from 'path';
import { IConstruct } from 'constructs';
import { chooseBelow, describeFile, FileEntry, listFiles } from '../core/file-tree';
import { sha256File, sha256Tree } from '../core/fingerprint';
import { isKnown } from '../core/tokens';
import {
  childPathNotFound,
  modelPathIsToken,
  modelSourceEmpty,
  modelSourceNotDirectory,
  modelSourceNotFile,
  modelSourceNotFound,
} from './errors';

/** What a source turned out to hold. @internal */
export interface BoundModelSource {
  /** File or folder name without its extension. */
  readonly defaultName: string;
  /** SHA-256, lower-case hex: of the bytes for a file, of the sorted tree for a folder. */
  readonly digest: string;
  /** Paths are those below the model's folder in the container. */
  readonly files: readonly FileEntry[];
}

/** Options of `ModelSource.fromDirectory`. */
export interface DirectoryModelOptions {
  /**
   * Files and folders to register, below the model's folder and with `/`; the rest stays out. Azure ML v1's `child_paths`.
   * @default - everything that the folder's `.dockerignore` lets through
   */
  readonly childPaths?: string[];
}

/** Where a model's bytes come from. */
export abstract class ModelSource {
  /**
   * A model of one file.
   * @param file absolute, or relative to the folder that synth runs in
   */
  public static fromFile(file: string): ModelSource {
    return new FileModelSource(file);
  }

  /**
   * A model of several files, which keep their names and folders. A `.dockerignore` at its root is honoured.
   * @param directory absolute, or relative to the folder that synth runs in
   */
  public static fromDirectory(directory: string, options: DirectoryModelOptions = {}): ModelSource {
    return new DirectoryModelSource(directory, options.childPaths);
  }

  /** Called once, by the model. @internal */
  public abstract _bind(scope: IConstruct): BoundModelSource;
}

class FileModelSource extends ModelSource {
  constructor(private readonly file: string) {
    super();
  }

  public _bind(scope: IConstruct): BoundModelSource {
    const stat = existing(scope, this.file);
    if (!stat.isFile()) throw modelSourceNotFile(scope, this.file);
    if (stat.size === 0) throw modelSourceEmpty(scope, this.file);
    const entry = describeFile(this.file, path.basename(this.file));
    return { defaultName: path.parse(this.file).name, digest: sha256File(entry.absolute), files: [entry] };
  }
}

class DirectoryModelSource extends ModelSource {
  constructor(
    private readonly directory: string,
    private readonly childPaths: readonly string[] | undefined,
  ) {
    super();
  }

  public _bind(scope: IConstruct): BoundModelSource {
    if (!existing(scope, this.directory).isDirectory()) throw modelSourceNotDirectory(scope, this.directory);
    const files = this.select(scope, listFiles(this.directory));
    if (files.length === 0) throw modelSourceEmpty(scope, this.directory);
    return { defaultName: path.basename(path.resolve(this.directory)), digest: digestFiles(files), files };
  }

  private select(scope: IConstruct, files: FileEntry[]): FileEntry[] {
    if (this.childPaths === undefined) return files;
    const { chosen, missing } = chooseBelow(files, this.childPaths);
    if (missing !== undefined) throw childPathNotFound(scope, this.directory, missing);
    return chosen;
  }
}

/** One digest for a model of several files. */
export function digestFiles(files: readonly FileEntry[]): string {
  return sha256Tree(files.map(file => ({ path: file.path, sha256: sha256File(file.absolute), executable: file.executable })));
}

function existing(scope: IConstruct, source: string): fs.Stats {
  if (!isKnown(source)) throw modelPathIsToken(scope, source);
  const stat = fs.statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) throw modelSourceNotFound(scope, source);
  return stat;
}
