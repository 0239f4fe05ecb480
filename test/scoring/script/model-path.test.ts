import * as path from 'path';
import { modelPaths } from '../../../src/scoring/script/model-path';
import { cleanUp, folderOf } from './support/script-process';

afterAll(cleanUp);

describe('the path of a model', () => {
  test('is found where its own folder is served, a single file as the file', () => {
    const root = folderOf({ 'digits/3/digits.onnx': '' });

    expect(modelPaths(path.join(root, 'digits/3'))('digits')).toBe(path.join(root, 'digits/3/digits.onnx'));
  });

  test('is found among several, the newest by default', () => {
    const root = folderOf({ 'a/2/m.bin': '', 'a/10/m.bin': '', 'b/1/x.bin': '', 'b/1/y.bin': '' });
    const find = modelPaths(root);

    expect(find('a')).toBe(path.join(root, 'a/10/m.bin'));
    expect(find('a', 2)).toBe(path.join(root, 'a/2/m.bin'));
    expect(find('b')).toBe(path.join(root, 'b/1'));
  });

  test('is a plain folder or file, named after itself, outside an image', () => {
    const root = folderOf({ 'plain/a.bin': '', 'plain/b.bin': '' });

    expect(modelPaths(path.join(root, 'plain'))('plain')).toBe(path.join(root, 'plain'));
    expect(modelPaths(path.join(root, 'plain/a.bin'))('a')).toBe(path.join(root, 'plain/a.bin'));
  });

  test('does not mind hidden entries, which mounts bring', () => {
    const root = folderOf({ 'digits/1/.cache': '', 'digits/1/m.bin': '', '.meta/1/m.bin': '' });

    expect(modelPaths(root)('digits')).toBe(path.join(root, 'digits/1/m.bin'));
    expect(() => modelPaths(root)('.meta')).toThrow('there are: digits (version 1).');
  });

  test('of a name or version that is not there says which are', () => {
    const find = modelPaths(folderOf({ 'a/1/m.bin': '', 'b/4/m.bin': '' }));

    expect(() => find('c')).toThrow("There is no model 'c'; there are: a (version 1), b (version 4).");
    expect(() => find('a', 2)).toThrow("There is no model 'a' of version 2; there are: a (version 1), b (version 4).");
    expect(() => find('../b')).toThrow("There is no model '../b'");
  });

  test('without any models says so', () => {
    expect(() => modelPaths('')('a')).toThrow("There is no model 'a'; the service has no models.");
  });
});
