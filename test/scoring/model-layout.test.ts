import { mkdirSync, symlinkSync, writeFileSync } from 'fs';
import * as path from 'path';
import { findModels, ModelLayoutError } from '../../src/scoring/model/model-layout';
import { removeFolders, temporaryFolder } from './support/server';

afterAll(removeFolders);

/** A folder with these files, each empty. */
function folder(...files: string[]): string {
  const root = temporaryFolder();
  for (const file of files) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), '');
  }
  return root;
}

const found = (root: string, at = '') =>
  findModels(path.join(root, at)).map(model => ({ ...model, file: path.relative(root, model.file) }));

describe('AZUREML_MODEL_DIR', () => {
  test('of one registered model is its version folder', () => {
    const root = folder('digits/3/digits.onnx', 'digits/3/labels.txt');

    expect(found(root, 'digits/3')).toEqual([{ name: 'digits', version: 3, file: 'digits/3/digits.onnx' }]);
  });

  test('of several is the folder that holds <name>/<version>, the newest version first', () => {
    const root = folder('b/2/m.onnx', 'b/10/m.onnx', 'a/1/deep/m.onnx');

    expect(found(root).map(({ name, version }) => `${name}:${version}`)).toEqual(['a:1', 'b:10', 'b:2']);
  });

  test('may be an .onnx file outside of an image', () => {
    const root = folder('my net.onnx');

    expect(found(root, 'my net.onnx')).toEqual([{ name: 'my net', file: 'my net.onnx' }]);
  });

  test('is searched below, also behind links as Kubernetes makes them', () => {
    const root = folder('.hidden/x.onnx', 'real/net.onnx');
    mkdirSync(path.join(root, 'digits/1'), { recursive: true });
    symlinkSync(path.join(root, 'real'), path.join(root, 'digits/1/data'));

    expect(found(root, 'digits/1')).toEqual([{ name: 'digits', version: 1, file: 'digits/1/data/net.onnx' }]);
  });

  test('prefers model.onnx among several', () => {
    const root = folder('n/1/encoder.onnx', 'n/1/model.onnx');

    expect(found(root, 'n/1')[0].file).toBe('n/1/model.onnx');
  });

  test.each<[string[], string]>([
    [['n/1/a.onnx', 'n/1/b.onnx'], 'holds 2 .onnx files (a.onnx, b.onnx)'],
    [['n/1/model.pkl'], 'holds no .onnx file'],
  ])('with %j is refused', (files, text) => {
    const root = folder(...files);

    expect(() => findModels(path.join(root, 'n/1'))).toThrow(ModelLayoutError);
    expect(() => findModels(path.join(root, 'n/1'))).toThrow(text);
  });

  test('that is another file is refused', () => {
    const root = folder('model.pkl');

    expect(() => findModels(path.join(root, 'model.pkl'))).toThrow('is not an .onnx file');
  });
});
