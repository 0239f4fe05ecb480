import * as fs from 'fs';
import * as path from 'path';
import { createHash } from 'crypto';
import fc from 'fast-check';
import { md5File, sha256File, sha256Text, sha256Tree } from '../../src/core/fingerprint';
import { temporaryFile, temporaryFolder } from '../support/files';

const digest = (algorithm: string, content: Buffer) => createHash(algorithm).update(content).digest('hex');

describe('sha256File', () => {
  test('equals the digest of the whole file, whatever its size is to the piece that is read at a time', () => {
    for (const size of [0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024 + 7]) {
      const content = Buffer.alloc(size, 'model');
      expect(sha256File(temporaryFile('model.bin', content))).toBe(digest('sha256', content));
      expect(md5File(temporaryFile('model.bin', content))).toBe(digest('md5', content));
    }
  });

  test('sees a rewrite of the same size, also where the digest of the old bytes was remembered', () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'large.bin');
    const write = (fill: string) => fs.writeFileSync(file, Buffer.alloc(17 * 1024 * 1024, fill));
    write('a');
    const before = sha256File(file);
    expect(sha256File(file)).toBe(before);
    write('b');
    expect(sha256File(file)).toBe(digest('sha256', Buffer.alloc(17 * 1024 * 1024, 'b')));
  });
});

describe('sha256Tree', () => {
  const entry = fc.record({ path: fc.string({ minLength: 1 }), sha256: fc.string().map(sha256Text), executable: fc.boolean() });

  test('does not depend on the order of the files', () => {
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: file => file.path }), files => {
        expect(sha256Tree([...files].reverse())).toBe(sha256Tree(files));
      }),
    );
  });

  test('changes with a name, a byte or an executable bit', () => {
    const file = { path: 'a/model.onnx', sha256: sha256Text('bytes'), executable: false };
    const digests = [
      file,
      { ...file, path: 'b/model.onnx' },
      { ...file, sha256: sha256Text('other') },
      { ...file, executable: true },
    ];
    expect(new Set(digests.map(changed => sha256Tree([changed]))).size).toBe(4);
  });
});
