import { attempt } from './run';

/** The image that Python images build on. */
export const PYTHON_IMAGE = 'python:3.11-slim-bookworm';

/** An image, in the engine: not every machine has a registry to pull it from. */
export const engineHas = (image: string) => () => {
  const { status } = attempt('docker', ['image', 'inspect', image], { timeoutSeconds: 20 });
  return status === 0 ? undefined : `the engine has no ${image}`;
};

/** What a build's `pip install` needs: an index that containers reach. */
export const pipIndex = () => {
  const download = ['python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', '/tmp/probe', 'inference-schema==1.8'];
  return reached('pip', PYTHON_IMAGE, download);
};

/** What a build's `npm ci` needs: a registry that containers reach. */
export const npmRegistry = (image: string) => () => reached('npm', image, ['npm', 'view', 'ms@2.1.3', 'version']);

function reached(installer: string, image: string, command: readonly string[]): string | undefined {
  const { status, stderr } = attempt('docker', ['run', '--rm', '--network', 'host', image, ...command], { timeoutSeconds: 60 });
  const reason = stderr.trim().split('\n').pop() ?? '';
  return status === 0 ? undefined : `${installer} reaches no packages from within a container (${reason})`;
}
