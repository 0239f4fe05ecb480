import { CONTAINER, ENV } from '../core/server-contract';
import { CondaEnvironment, readCondaFile } from './conda-file';
import { Instructions, run } from './dockerfile';
import { condaWithoutConda } from './inference-errors';
import { PythonInferenceOptions, PythonRuntime } from './inference-options';
import { BoundInferenceConfig, imageEnvironment, NODE_IMAGE, PackRequest } from './packing';
import { Requirements } from './requirements';
import { addScript, asRoot, baseImageOf, extraSteps } from './script-files';
import { addPythonRequirements, addPythonServer, SERVER_COMMAND } from './server-files';
import { addSparkRequirements, installJava, prepareSpark, SPARK_ENVIRONMENT } from './spark-packing';

const DEFAULT_PYTHON = '3.11';
const REQUIREMENTS = `${CONTAINER.serverRoot}/requirements`;
const CONDA_FILE = `${REQUIREMENTS}/environment.yml`;

/**
 * Packs a Python script: base image with Node.js, packages, server, models, script.
 *
 * @param conda an environment that was read already, in place of `condaFile`
 */
export function packPython(
  request: PackRequest,
  options: PythonInferenceOptions,
  conda?: CondaEnvironment,
): BoundInferenceConfig {
  const { scope, context } = request;
  const environment = conda ?? (options.condaFile === undefined ? undefined : readCondaFile(scope, options.condaFile));
  const packages = environment?.packages ?? [];
  if (packages.length > 0 && options.baseImage === undefined) throw condaWithoutConda(scope, packages);
  const interpreter = options.interpreterPath ?? (packages.length > 0 ? '/opt/conda/bin/python3' : 'python3');
  const isSpark = options.runtime === PythonRuntime.SPARK_PY;
  const script = addScript(scope, context, options, ['.py']);

  addPythonRequirements(scope, context, requirementsOf(request, options, environment));
  if (environment !== undefined && packages.length > 0) context.addText('requirements/environment.yml', condaText(environment));
  return {
    baseImage: baseImageOf(options, `python:${environment?.python ?? DEFAULT_PYTHON}-slim-bookworm`),
    stages: { node: options.nodeImage ?? NODE_IMAGE },
    runtimeSteps: [
      ...asRoot(options.baseImage !== undefined),
      { lines: ['COPY --from=node /usr/local/bin/node /usr/local/bin/node'] },
      ...(isSpark ? [installJava()] : []),
      { from: 'requirements', to: REQUIREMENTS },
      ...(packages.length > 0 ? [installConda(interpreter)] : []),
      installPip(interpreter, options.baseImage === undefined ? undefined : environment?.python),
      ...extraSteps(scope, options),
      ...addPythonServer(scope, context),
      ...(isSpark ? prepareSpark(interpreter) : []),
    ],
    scriptSteps: [script.layer],
    environment: {
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      ...(isSpark ? SPARK_ENVIRONMENT : {}),
      ...imageEnvironment(scope, options.environment),
      ...script.environment,
      ...(interpreter === 'python3' ? {} : { [ENV.python]: interpreter }),
    },
    command: SERVER_COMMAND,
    needsNetwork: true,
  };
}

function requirementsOf({ scope }: PackRequest, options: PythonInferenceOptions, conda?: CondaEnvironment): readonly string[] {
  const requirements = new Requirements(scope);
  if (options.requirementsFile !== undefined) requirements.addFile(options.requirementsFile);
  if (conda !== undefined) requirements.addLines(conda.pip, conda.source);
  if (options.runtime === PythonRuntime.SPARK_PY) addSparkRequirements(requirements);
  return requirements.lines;
}

/** JSON is YAML. The pip part is left to pip, so that the server's constraints hold for it. */
function condaText({ channels, python, packages }: CondaEnvironment): string {
  const dependencies = [...(python === undefined ? [] : [`python=${python}`]), 'pip', ...packages];
  return JSON.stringify({ channels: channels.length === 0 ? ['conda-forge'] : channels, dependencies }, undefined, 2);
}

/**
 * Whichever the base image has. conda, and mamba 1 that wraps it, read such a file only to update an environment.
 * micromamba and mamba 2 tell their version without a name; they install from it, and then say why packages do not fit.
 */
function installConda(interpreter: string): Instructions {
  const missing = 'The conda file asks for conda packages, but the base image has neither micromamba, mamba nor conda.';
  const noPython = `After the conda packages were installed there is no ${interpreter}: say where it is with interpreterPath.`;
  return {
    lines: [
      run(
        `{ conda=$(command -v micromamba || command -v mamba || command -v conda) || { echo '${missing}' >&2; exit 1; }; }`,
        `case "$($conda --version)" in conda*|mamba*) action='env update' ;; *) action='install --yes' ;; esac`,
        `$conda $action --name base --file ${CONDA_FILE}`,
        '$conda clean --all --yes',
        `{ test -x "$(command -v ${interpreter})" || { echo '${noPython}' >&2; exit 1; }; }`,
      ),
    ],
  };
}

/** What the server needs and what the script needs in one go, so that pip finds versions that fit both. */
function installPip(interpreter: string, version?: string): Instructions {
  const noNode = 'Node.js does not start in the base image: it must be Debian-like, with glibc 2.28 or newer.';
  return {
    lines: [
      run(
        `{ node --version || { echo '${noNode}' >&2; exit 1; }; }`,
        ...(version === undefined ? [] : [checkVersion(interpreter, version)]),
        // Debian's own Python refuses pip without the second variable; older versions of pip do not know it
        'export PIP_ROOT_USER_ACTION=ignore PIP_BREAK_SYSTEM_PACKAGES=1 PIP_DISABLE_PIP_VERSION_CHECK=1',
        `${interpreter} -m pip install --no-cache-dir --no-input --constraint ${REQUIREMENTS}/constraints.txt` +
          ` --requirement ${REQUIREMENTS}/requirements-server.txt --requirement ${REQUIREMENTS}/requirements.txt`,
      ),
    ],
  };
}

function checkVersion(interpreter: string, version: string): string {
  const message = `The conda file asks for Python ${version}, but the base image has %d.%d.`;
  const [major, minor] = version.split('.');
  return `${interpreter} -c "import sys; v = sys.version_info[:2]; sys.exit(0 if v == (${major}, ${minor}) else '${message}' % v)"`;
}
