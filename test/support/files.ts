import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

const made: string[] = [];

afterAll(() => made.splice(0).forEach(folder => fs.rmSync(folder, { recursive: true, force: true })));

/** A folder of its own that holds `files` (path → content) and goes when the suite ends. */
export function temporaryFolder(files: Record<string, string | Buffer> = {}): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'model-serving-'));
  made.push(folder);
  for (const [name, content] of Object.entries(files)) writeFile(path.join(folder, name), content);
  return folder;
}

/** A file in a folder of its own. */
export function temporaryFile(name: string, content: string | Buffer): string {
  return path.join(temporaryFolder({ [name]: content }), name);
}

function writeFile(file: string, content: string | Buffer): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}
