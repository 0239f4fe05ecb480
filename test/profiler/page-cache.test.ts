import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { dropFromPageCache } from '../../src/profiler/page-cache';
import { majorFaults } from '../../src/profiler/process-tree';

// on the disk of the repository: where /tmp is memory nothing can be dropped
const FOLDER = path.join(__dirname, '../../node_modules/.cache', `model-serving-page-cache-${process.pid}`);
const SLEEP = '/bin/sleep';
const onLinux = process.platform === 'linux' && fs.existsSync(SLEEP) ? describe : describe.skip;

/** Pages that the program's start had to wait for. */
async function faultsOfAStart(program: string): Promise<number> {
  const child = spawn(program, ['60'], { stdio: 'ignore' });
  try {
    // it has read what it needs once it sleeps
    await new Promise(resolve => setTimeout(resolve, 150));
    return majorFaults([child.pid ?? 0]);
  } finally {
    child.kill('SIGKILL');
    await new Promise(resolve => child.once('close', resolve));
  }
}

onLinux('dropFromPageCache (skipped where there is no Linux page cache)', () => {
  afterAll(() => fs.rmSync(FOLDER, { recursive: true, force: true }));

  test('makes a program that was just written or just run come from disk again', async () => {
    fs.mkdirSync(FOLDER, { recursive: true });
    const program = path.join(FOLDER, 'sleep');
    fs.copyFileSync(SLEEP, program);
    dropFromPageCache([program]);
    const first = await faultsOfAStart(program);
    const second = await faultsOfAStart(program);
    dropFromPageCache([program]);
    const third = await faultsOfAStart(program);

    expect(first).toBeGreaterThan(second);
    expect(third).toBeGreaterThan(second);
  });

  test('takes no offence at a file that is not there, and changes none', () => {
    const file = path.join(FOLDER, 'kept');
    fs.writeFileSync(file, 'kept');
    dropFromPageCache([path.join(FOLDER, 'none'), file]);
    expect(fs.readdirSync(FOLDER).sort()).toEqual(['kept', 'sleep']);
    expect(fs.readFileSync(file, 'utf8')).toBe('kept');
  });
});
