import * as fs from 'fs';
import * as path from 'path';
import { App, TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';
import { pathBelowStack } from './names';

/** A file or folder that lies beside the stack's Terraform. */
export interface StackPath {
  /** Where it is on this machine. */
  readonly absolute: string;
  /** How Terraform, which runs in the stack's folder, calls it. */
  readonly relative: string;
}

/** The stack's folder below the app's output: where `cdk.tf.json` will be written and Terraform will run. */
export function stackDirectory(scope: IConstruct): string {
  const stack = TerraformStack.of(scope);
  return path.resolve(App.of(scope).outdir, 'stacks', stack.node.id);
}

/**
 * A place for an asset of this construct, named after its content: `assets/<construct>/<revision>`.
 *
 * cdktf's own TerraformAsset is not used: it fingerprints contents without names, reads every file whole and copies it,
 * which a model of some GB does not survive. Other revisions of the same asset are dropped.
 */
export function assetPath(scope: IConstruct, revision: string): StackPath {
  // escaped, so that no other construct's path can give the same folder and lose its asset to the clean-up below
  const owner = path.posix.join('assets', pathBelowStack(scope).map(encodeURIComponent).join('+'));
  const directory = path.join(stackDirectory(scope), owner);
  fs.mkdirSync(directory, { recursive: true });
  for (const other of fs.readdirSync(directory)) {
    if (other !== revision) fs.rmSync(path.join(directory, other), { recursive: true, force: true });
  }
  return { absolute: path.join(directory, revision), relative: path.posix.join(owner, revision) };
}
