import * as fs from 'fs';
import * as path from 'path';
import { Annotations } from 'cdktf';
import { IConstruct } from 'constructs';
import { inferenceFileNotFound, requirementHasHash, requirementIsLocal, requirementReplaced } from './inference-errors';

/** Azure ML v1 wanted these in every image. The image's own server brings what they brought, in versions that fit. */
const REPLACED = ['azureml-defaults', 'azureml-monitoring', 'azureml-contrib-services'];

/** What pip shall install, as lines of a requirements file. */
export class Requirements {
  private readonly all: string[] = [];

  constructor(private readonly scope: IConstruct) {}

  public get lines(): readonly string[] {
    return this.all;
  }

  /** True where a package of this name is asked for. */
  public has(name: string): boolean {
    return this.all.some(line => packageName(line) === name);
  }

  /** The lines of a file, and of the requirements files that it names. Throws `INFERENCE_FILE_NOT_FOUND`, `INFERENCE_REQUIREMENT_LOCAL`. */
  public addFile(file: string, what = 'requirementsFile', within: readonly string[] = []): void {
    const absolute = path.resolve(file);
    if (!fs.existsSync(absolute)) throw inferenceFileNotFound(this.scope, what, file);
    if (within.includes(absolute)) return;
    const text = fs.readFileSync(absolute, 'utf8').replace(/^\uFEFF/, '');
    this.addLines(text.replace(/\\\r?\n/g, ' ').split(/\r?\n/), file, [...within, absolute]);
  }

  /** Lines as such a file has them; paths in them start at the folder of `source`. */
  public addLines(lines: readonly string[], source: string, within: readonly string[] = []): void {
    for (const line of lines.map(withoutComment).filter(text => text !== '')) {
      const included = /^(?:-r|--requirement)[\s=]*(?!\S*:\/\/)(\S.*)$/.exec(line)?.[1];
      if (included !== undefined) this.addFile(path.resolve(path.dirname(source), included), `in ${source}, -r`, within);
      else this.addLine(line, source);
    }
  }

  /** One line that names a package. */
  public addLine(line: string, source: string): void {
    if (isLocal(line)) throw requirementIsLocal(this.scope, source, line);
    if (/\s--hash[=\s]/.test(line)) throw requirementHasHash(this.scope, source, line.slice(0, line.indexOf(' ')));
    const name = packageName(line);
    if (!REPLACED.includes(name)) this.all.push(line);
    else Annotations.of(this.scope).addInfo(requirementReplaced(name));
  }
}

/** As pip reads it: `#` begins a comment at the start of a line or after a space. */
function withoutComment(line: string): string {
  return line.replace(/(^|\s)#.*$/, '').trim();
}

/** Names are equal whatever their case and whichever of `.`, `-` and `_` they use. */
function packageName(line: string): string {
  return (/^[A-Za-z0-9][A-Za-z0-9._-]*/.exec(line)?.[0] ?? '').toLowerCase().replace(/[._-]+/g, '-');
}

/** Paths, editable installs and constraint files; not URLs. */
function isLocal(line: string): boolean {
  const [, option, value] = /^(-e|--editable|-c|--constraint|-f|--find-links)[\s=]*(.*)$/.exec(line) ?? [];
  if (option !== undefined) return !/^[a-z+]+:\/\//.test(value) || value.startsWith('file:');
  if (line.startsWith('-')) return false;
  return /^[./~]|^[A-Za-z]:[\\/]|@\s*(?:file:|[./])|^file:/.test(line) || /^[^\s@;:]+\.(?:whl|tar\.gz|zip)(?:\s|$)/.test(line);
}
