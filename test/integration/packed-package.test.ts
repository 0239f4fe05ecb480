import * as fs from 'fs';
import * as path from 'path';
import { temporaryFolder } from '../support/files';
import { MODEL_FILE } from './support/digits';
import { describeWith } from './support/requirements';
import { attempt, run } from './support/run';

jest.setTimeout(600_000);

const ROOT = path.join(__dirname, '..', '..');

const registryAnswers = () =>
  attempt('npm', ['view', 'cdktf@0.21.0', 'version'], { timeoutSeconds: 60 }).status === 0
    ? undefined
    : 'npm reaches no registry';

/** What a stranger types, with the package's name and nothing of its inside. */
const STACK = `
import { App, TerraformStack } from 'cdktf';
import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { AciWebservice, InferenceImage, ModelSource, RegisteredModel, Sizing, Workspace } from 'cdktf-model-serving';

const app = new App();
const stack = new TerraformStack(app, 'digits');
new AzurermProvider(stack, 'azurerm', { features: [{}] });
new DockerProvider(stack, 'docker');
const workspace = new Workspace(stack, 'Workspace', { workspaceName: 'vision', location: 'westeurope' });
const model = new RegisteredModel(stack, 'Model', { source: ModelSource.fromFile('digits.onnx') });
const image = new InferenceImage(stack, 'Image', { workspace, models: [model] });
new AciWebservice(stack, 'Digits', { image, workspace, sizing: Sizing.fixed({ cpu: 0.5, memoryInGB: 0.5 }) }).addOutputs();
app.synth();
`;

const VERSIONS = ['cdktf', 'constructs', '@cdktf/provider-azurerm', '@cdktf/provider-docker', '@cdktf/provider-kubernetes'];

describeWith([registryAnswers], 'the packed package, in a project that never heard of it', () => {
  let project: string;
  const bin = (name: string) => path.join('node_modules', '.bin', name);
  const within = (command: string, ...args: string[]) => run(command, args, { cwd: project });

  beforeAll(() => {
    project = temporaryFolder({ 'package.json': '{ "private": true }', 'main.ts': STACK });
    fs.copyFileSync(MODEL_FILE, path.join(project, 'digits.onnx'));
    const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', project], { cwd: ROOT })) as [
      { filename: string },
    ];
    const { devDependencies } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const peers = [...VERSIONS, 'typescript', '@types/node'].map(name => `${name}@${devDependencies[name]}`);
    within('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', `./${filename}`, ...peers);
  });

  test('type-checks strictly, libraries and all', () => {
    within(
      bin('tsc'),
      '--strict',
      '--noEmit',
      '--target',
      'es2022',
      '--module',
      'commonjs',
      '--moduleResolution',
      'node',
      'main.ts',
    );
  });

  test('synthesizes a stack whose image context stands beside it', () => {
    within(bin('tsc'), '--target', 'es2022', '--module', 'commonjs', '--skipLibCheck', 'main.ts');
    within(process.execPath, 'main.js');
    const stack = path.join(project, 'cdktf.out', 'stacks', 'digits');
    const { resource, output } = JSON.parse(fs.readFileSync(path.join(stack, 'cdk.tf.json'), 'utf8')) as {
      resource: { azurerm_container_group: object; docker_image: Record<string, { build: { context: string } }> };
      output: object;
    };
    expect(Object.keys(resource.azurerm_container_group)).toHaveLength(1);
    expect(Object.keys(output)).toContain('digits_scoring_uri');
    const [image] = Object.values(resource.docker_image);
    expect(fs.existsSync(path.join(stack, image.build.context, 'server', 'scoring-server.js'))).toBe(true);
  });

  test('can be imported by name from an ECMAScript module', () => {
    fs.writeFileSync(
      path.join(project, 'named.mjs'),
      "import { Autoscale, Sizing } from 'cdktf-model-serving';\nconsole.log(Autoscale.name, Sizing.name);\n",
    );
    expect(within(process.execPath, 'named.mjs')).toBe('Autoscale Sizing');
  });

  test('brings the profile step for programs, with its types', () => {
    const program = `
      import { profile, ProfileError } from 'cdktf-model-serving/profiler';
      profile({ model: 'digits.onnx', rate: 20, latencyMs: 200, target: 'aci', budget: 'quick', verify: false }).then(
        ({ result }) => console.log(result.recommendedCpu > 0, result.evidence, result.inputs?.synthetic),
        (error: ProfileError) => console.log(error.code),
      );`;
    fs.writeFileSync(path.join(project, 'measure.ts'), program);
    within(bin('tsc'), '--strict', '--target', 'es2022', '--module', 'commonjs', '--moduleResolution', 'node', 'measure.ts');
    expect(within(process.execPath, 'measure.js')).toBe('true modelled true');
  });

  test('brings the command, which explains itself', () => {
    expect(within(bin('model-serving'), '--help')).toMatch(/register[^]*profile[^]*serve[^]*score/);
  });
});
