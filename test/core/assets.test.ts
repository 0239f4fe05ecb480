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

  test('is never shared with a construct whose path only looks alike when joined', () => {
    const stack = newStack();
    const nested = assetPath(new Construct(new Construct(stack, 'A'), 'B'), 'one').absolute;
    fs.mkdirSync(nested);
    for (const id of ['A_B', 'A+B', 'A%2BB']) assetPath(new Construct(stack, id), 'two');
    expect(fs.existsSync(nested)).toBe(true);
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
