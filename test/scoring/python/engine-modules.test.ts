import { spawnSync } from 'child_process';
import * as path from 'path';

const SOURCES = path.join(__dirname, '../../../src/scoring/python');
const PYTHON = [process.env.MODEL_SERVING_TEST_PYTHON, 'python3'].find(
  python => python !== undefined && spawnSync(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0,
);
if (PYTHON === undefined) process.stderr.write('the modules of the Python engine are not tested: no Python >= 3.9\n');

/** They need nothing but Python's own library. */
(PYTHON === undefined ? test.skip : test)(
  'the modules of the Python engine pass their own tests',
  () => {
    const { status, stderr } = spawnSync(
      PYTHON ?? '',
      ['-m', 'unittest', 'discover', '--start-directory', path.join(__dirname, 'unit')],
      {
        env: { PATH: process.env.PATH, PYTHONPATH: SOURCES, PYTHONDONTWRITEBYTECODE: '1' },
      },
    );
    const report = stderr.toString();
    expect([status, report]).toEqual([0, expect.stringMatching(/Ran [1-9]\d* tests/)]);
  },
  60_000,
);
