import { version } from '../../package.json';
import { bundlePrograms, removePrograms, run } from './cli';

beforeAll(bundlePrograms);
afterAll(removePrograms);

describe('model-serving --help', () => {
  test('lists every command and the exit codes', async () => {
    const { code, stdout } = await run(['--help']);

    expect(code).toBe(0);
    for (const word of ['register', 'profile', 'serve', 'score', '--json', 'Exit codes']) expect(stdout).toContain(word);
  });

  test.each(['register', 'profile', 'serve', 'score'])(
    'of %s teaches with an example that begins with the command',
    async command => {
      const { code, stdout } = await run([command, '--help']);

      expect(code).toBe(0);
      expect(stdout).toMatch(RegExp(`Example:\\n {2}\\$ .*model-serving ${command} `));
    },
  );

  test('is what a call without a command gets, as wrong usage', async () => {
    const { code, stdout, stderr } = await run([]);

    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: model-serving');
  });
});

test('model-serving --version prints the version of the package', async () => {
  expect((await run(['--version'])).stdout).toBe(`${version}\n`);
});
