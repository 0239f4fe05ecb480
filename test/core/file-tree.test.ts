import * as fs from 'fs';
import * as path from 'path';
import { chooseBelow, listFiles } from '../../src/core/file-tree';
import { temporaryFolder } from '../support/files';

const paths = (folder: string) => listFiles(folder).map(file => file.path);

describe('listFiles', () => {
  test('lists every file below the folder, sorted, with / between the parts', () => {
    expect(paths(temporaryFolder({ 'b.txt': '', 'a/z.txt': '', 'a/b/c.txt': '' }))).toEqual(['a/b/c.txt', 'a/z.txt', 'b.txt']);
  });

  test('leaves out what .dockerignore excludes, and keeps its exceptions', () => {
    const folder = temporaryFolder({
      '.dockerignore': '# notes\n*.log\n**/cache\n!keep.log\n',
      'model.onnx': '',
      'train.log': '',
      'keep.log': '',
      'deep/cache/x': '',
    });
    expect(paths(folder)).toEqual(['keep.log', 'model.onnx']);
  });

  test('follows a link to a file, and neither a link to a folder nor one that leads nowhere', () => {
    const folder = temporaryFolder({ 'real.bin': 'bytes' });
    fs.symlinkSync('real.bin', path.join(folder, 'link.bin'));
    fs.symlinkSync('.', path.join(folder, 'loop'));
    fs.symlinkSync('gone', path.join(folder, 'broken'));
    expect(paths(folder)).toEqual(['link.bin', 'real.bin']);
  });
});

describe('chooseBelow', () => {
  const files = listFiles(temporaryFolder({ 'a/1': '', 'a/2': '', 'ab/3': '', c: '' }));
  const chosen = (...below: string[]) => chooseBelow(files, below).chosen.map(file => file.path);

  test('takes folders whole, files singly, and no folder whose name only starts alike', () => {
    expect(chosen('a/')).toEqual(['a/1', 'a/2']);
    expect(chosen('./a/2', 'c')).toEqual(['a/2', 'c']);
  });

  test('names the path that is not there', () => {
    expect(chooseBelow(files, ['a', 'd']).missing).toBe('d');
  });
});
