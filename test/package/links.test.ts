import * as fs from 'fs';
import * as path from 'path';

const ROOT = path.join(__dirname, '..', '..');

const filesIn = (folder: string, ending: string) =>
  fs
    .readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith(ending))
    .map(file => path.join(folder, file));

const read = (file: string) => fs.readFileSync(path.join(ROOT, file), 'utf8');

describe('links', () => {
  test('between documents lead to a file', () => {
    const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesIn('docs', '.md')];
    const broken = documents.flatMap(document => {
      const targets = [...read(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, target]) => target);
      return targets
        .filter(target => !fs.existsSync(path.join(ROOT, path.dirname(document), target)))
        .map(target => `${document}: ${target}`);
    });
    expect(broken).toEqual([]);
  });

  test('from comments in the source to the documents lead to a file', () => {
    const broken = filesIn('src', '.ts').flatMap(file => {
      const targets = [...read(file).matchAll(/\bdocs\/[a-z0-9/-]+\.md/g)].map(([target]) => target);
      return targets.filter(target => !fs.existsSync(path.join(ROOT, target))).map(target => `${file}: ${target}`);
    });
    expect(broken).toEqual([]);
  });
});
