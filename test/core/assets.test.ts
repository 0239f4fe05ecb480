import * as fs from 'fs';
import * as path from 'path';
import { App, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { assetPath, stackDirectory } from '../../src/core/assets';
import { temporaryFolder } from '../support/files';

const newStack = (outdir = temporaryFolder(), id = 'stack') => new TerraformStack(new App({ outdir }), id);

describe('assetPath', () => {
  test('lies beside the Terraform that refers to it, so that the relative path holds there', () => {
    const stack = newStack();
    const asset = assetPath(new Construct(stack, 'Image'), 'abc');
    expect(asset.relative).toBe('assets/Image/abc');
    expect(asset.absolute).toBe(path.join(stackDirectory(stack), 'assets/Image/abc'));
  });

  test('differs between two constructs of one id in different places', () => {
    const stack = newStack();
    const [a, b] = ['A', 'B'].map(id => assetPath(new Construct(new Construct(stack, id), 'Image'), 'abc').relative);
    expect(a).not.toBe(b);
  });

  test('drops other revisions of the same asset, and keeps the same one', () => {
    const outdir = temporaryFolder();
    const revision = (name: string) => assetPath(new Construct(newStack(outdir), 'Image'), name).absolute;
    const first = revision('one');
    fs.mkdirSync(first);
    expect(fs.existsSync(revision('one'))).toBe(true);
    revision('two');
    expect(fs.existsSync(first)).toBe(false);
  });
});
