import * as path from 'path';
import { InferenceConfig } from '../../src';
import { temporaryFile } from '../support/files';
import { serving } from './support/local-service';
import { engineHas, pipIndex, PYTHON_IMAGE } from './support/package-index';
import { baseImage, describeWith, docker } from './support/requirements';

jest.setTimeout(600_000);

/** An image with micromamba, mamba or conda, and a base environment in /opt/conda. */
const IMAGE = process.env.MODEL_SERVING_TEST_CONDA_IMAGE ?? '';
/** Where it gets packages from; a folder of the image as file:///… */
const CHANNEL = process.env.MODEL_SERVING_TEST_CONDA_CHANNEL ?? 'conda-forge';

const condaImage = () => (IMAGE === '' ? 'MODEL_SERVING_TEST_CONDA_IMAGE names no image with conda' : engineHas(IMAGE)());

const ENVIRONMENT = `
name: project_environment
channels: ['${CHANNEL}']
dependencies:
  - python=3.11
  - zstd
  - pip:
    - inference-schema
`;

describeWith([docker, baseImage, engineHas(PYTHON_IMAGE), pipIndex, condaImage], 'a script whose packages conda installs', () => {
  const service = serving('conda', () => ({
    inferenceConfig: InferenceConfig.python({
      entryScript: path.join(__dirname, 'conda', 'score.py'),
      condaFile: temporaryFile('environment.yml', ENVIRONMENT),
      baseImage: IMAGE,
    }),
  }));

  test('runs in the base environment, and finds a library that only conda installs', async () => {
    const answer = await service().score({});
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { prefix: '/opt/conda', python: [3, 11], zstd: expect.any(Number) as number },
    ]);
  });

  test('runs as nobody, who may write nothing of it', () => {
    expect(service().inspect('{{.Config.User}}')).toBe('10001:10001');
    expect(service().can('touch', '/opt/conda/new')).toBe(false);
  });
});
