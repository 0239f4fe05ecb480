/** Options that every kind of inference config takes. */
export interface InferenceConfigOptions {
  /**
   * Image to build on: a Debian-like one (glibc 2.28 or newer), with Node.js 24 on its PATH unless it runs Python.
   * @default node:24-bookworm-slim; for Python python:3.11-slim-bookworm, or the version that the conda file names
   */
  readonly baseImage?: string;

  /**
   * Environment variables of the container that are no secret: they are readable in the image.
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * What the config is for; a label of the image.
   * @default - none
   */
  readonly description?: string;
}

/** Options of `InferenceConfig.onnx`. */
export interface OnnxInferenceOptions extends InferenceConfigOptions {}

/** Options of the configs that have an entry script. */
export interface ScriptInferenceOptions extends InferenceConfigOptions {
  /**
   * The script with `init` and `run`: a path below `sourceDirectory`, or of this machine where there is none. Azure ML v1's
   * `entry_script`.
   */
  readonly entryScript: string;

  /**
   * Folder that goes into the image whole, but for what its `.dockerignore` excludes. Azure ML v1's `source_directory`.
   * @default - none: only the entry script goes into the image
   */
  readonly sourceDirectory?: string;

  /**
   * A Swagger 2 document that describes the service in place of the one that the script's types give. Azure ML v1's `schema_file`.
   * @default - none
   */
  readonly schemaFile?: string;

  /**
   * File with further Dockerfile instructions, such as `RUN apt-get …`. They run as root, after the packages are installed and
   * before server, models and script are copied. Azure ML v1's `extra_docker_file_steps`.
   * @default - none
   */
  readonly extraDockerfileSteps?: string;

  /**
   * The same as lines; those of the file come first.
   * @default - none
   */
  readonly extraDockerfileLines?: string[];

  /**
   * Registry that the base image is pulled from, such as `contoso.azurecr.io`. Its login is the docker provider's
   * (`registryAuth`), never a part of the config.
   * @default - the one that baseImage names, else Docker Hub
   */
  readonly baseImageRegistry?: string;
}

/** What runs a Python script. Azure ML v1's `runtime`. */
export enum PythonRuntime {
  /** Python and its packages. */
  PYTHON = 'python',
  /** Also Java and PySpark. */
  SPARK_PY = 'spark-py',
}

/** Options of `InferenceConfig.python`. */
export interface PythonInferenceOptions extends ScriptInferenceOptions {
  /**
   * pip's requirements file of the script. Local files in it are refused, other requirements files are read.
   * @default - none
   */
  readonly requirementsFile?: string;

  /**
   * Conda's environment file: its pip part is installed by pip; `python=3.x` chooses the base image, or is checked where there
   * is one; other packages are installed by micromamba, mamba or conda, which the base image must then have. Azure ML v1's `conda_file`.
   * @default - none
   */
  readonly condaFile?: string;

  /** @default PythonRuntime.PYTHON */
  readonly runtime?: PythonRuntime;

  /**
   * Image that Node.js, which the server in front of Python runs on, is copied from.
   * @default node:24-bookworm-slim
   */
  readonly nodeImage?: string;

  /**
   * The Python of the base image.
   * @default python3; with conda packages /opt/conda/bin/python3
   */
  readonly interpreterPath?: string;
}

/** Options of `InferenceConfig.javascript`. */
export interface JavaScriptInferenceOptions extends ScriptInferenceOptions {
  /**
   * Gives the script ONNX Runtime: `require('onnxruntime-node')`.
   * @default true
   */
  readonly onnxRuntime?: boolean;

  /**
   * Installs the packages of `sourceDirectory`'s package-lock.json in the image, with `npm ci --omit=dev --ignore-scripts`.
   * Off, the folder goes into the image as it is, `node_modules` included.
   * @default - true where package.json has dependencies and there is no `node_modules`
   */
  readonly npmInstall?: boolean;
}
