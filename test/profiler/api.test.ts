import * as path from 'path';
import type * as Api from '../../src/profiler/api';
import { bundle, DIGITS } from './support/programs';

// as it is published: one file
const file = bundle('src/profiler/api.ts');
// eslint-disable-next-line @typescript-eslint/no-require-imports
const api = require(file) as typeof Api;

describe('cdktf-model-serving/profiler', () => {
  test('exports what its guide calls', () => {
    expect(Object.keys(api).sort()).toEqual([
      'ProfileError',
      'checkAssertions',
      'compareToBaseline',
      'handOff',
      'profile',
      'readBaseline',
      'readInputSet',
      'renderReport',
    ]);
  });

  test('looks for the programs in the package that it is in, unless they are named', async () => {
    const options = { model: DIGITS, inputs: ['{}'], rate: 1, latencyMs: 100, target: 'aci' } as const;
    await expect(api.profile(options)).rejects.toMatchObject({
      code: 'PROGRAM_NOT_FOUND',
      problem: expect.stringContaining(path.join(file, '../../programs/scoring-server.js')),
    });
    await expect(api.profile({ ...options, serverBundle: 'elsewhere.js' })).rejects.toMatchObject({
      problem: expect.stringContaining('elsewhere.js'),
    });
  });
});
