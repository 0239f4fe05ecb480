import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { KubernetesProvider } from '@cdktf/provider-kubernetes/lib/provider';
import { App, TerraformStack } from 'cdktf';
import * as fs from 'fs';
import * as path from 'path';
import { InferenceImage } from '../../src/image/inference-image';
import { ModelSource } from '../../src/model/model-source';
import { RegisteredModel } from '../../src/model/registered-model';
import { Sizing } from '../../src/sizing/sizing';
import { AciWebservice } from '../../src/webservice/aci-webservice';
import { AksCluster } from '../../src/webservice/aks-cluster';
import { AksWebservice } from '../../src/webservice/aks-webservice';
import { LocalWebservice } from '../../src/webservice/local-webservice';
import { Workspace } from '../../src/workspace/workspace';
import { IWorkspace } from '../../src/workspace/workspace-props';

/** What the stacks are made from. Paths are absolute. */
export interface QuickstartInputs {
  readonly modelFile: string;
  readonly lockFile: string;
  readonly profile: string;
  /** Where cdktf writes. */
  readonly outdir: string;
}

/** A stack as it was written: its Terraform, and what its container gets. */
export interface WrittenStack {
  readonly name: string;
  readonly target: string;
  readonly file: string;
  /** Cores. */
  readonly cpu: string;
  readonly memory: string;
}

/** One model, one set of props, three places to run. */
export function synthesizeStacks(inputs: QuickstartInputs): WrittenStack[] {
  const app = new App({ outdir: inputs.outdir });
  localStack(app, inputs);
  aciStack(app, inputs);
  aksStack(app, inputs);
  app.synth();
  return [readLocal(inputs.outdir), readAci(inputs.outdir), readAks(inputs.outdir)];
}

/** The props that every target takes. */
function service(stack: TerraformStack, inputs: QuickstartInputs, workspace?: IWorkspace) {
  const source = ModelSource.fromFile(inputs.modelFile);
  const model = new RegisteredModel(stack, 'Model', { source, modelName: 'digits', lockFile: inputs.lockFile });
  const image = new InferenceImage(stack, 'Image', { models: [model], workspace });
  return { image, workspace, sizing: Sizing.fromProfile(inputs.profile), tags: { team: 'vision' } };
}

function localStack(app: App, inputs: QuickstartInputs): void {
  const stack = new TerraformStack(app, 'local');
  new DockerProvider(stack, 'docker');

  new LocalWebservice(stack, 'Digits', service(stack, inputs)).addOutputs();
}

function aciStack(app: App, inputs: QuickstartInputs): void {
  const stack = new TerraformStack(app, 'aci');
  new AzurermProvider(stack, 'azurerm', { features: [{}] });
  new DockerProvider(stack, 'docker');

  const workspace = new Workspace(stack, 'Workspace', { workspaceName: 'digits', location: 'westeurope' });
  new AciWebservice(stack, 'Digits', service(stack, inputs, workspace)).addOutputs();
}

/** Into the workspace that the other stack makes, on a cluster that exists. */
function aksStack(app: App, inputs: QuickstartInputs): void {
  const stack = new TerraformStack(app, 'aks');
  new AzurermProvider(stack, 'azurerm', { features: [{}] });
  new DockerProvider(stack, 'docker');
  new KubernetesProvider(stack, 'kubernetes');

  const workspace = Workspace.fromWorkspaceName(stack, 'Workspace', { workspaceName: 'digits' });
  const cluster = AksCluster.fromAksClusterName(stack, 'Cluster', { clusterName: 'production', resourceGroupName: 'production' });
  new AksWebservice(stack, 'Digits', { ...service(stack, inputs, workspace), cluster }).addOutputs();
}

/** Terraform JSON by resource type and logical id. */
interface Terraform {
  readonly resource: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface DockerContainer {
  readonly cpu_quota?: number;
  readonly cpu_period: number;
  readonly memory: number;
}

function readLocal(outdir: string): WrittenStack {
  const { file, terraform } = read(outdir, 'local');
  const containers = Object.values(terraform.resource.docker_container) as DockerContainer[];
  // the other container writes the keys and never runs
  const [{ cpu_quota: quota = NaN, cpu_period: period, memory }] = containers.filter(each => each.cpu_quota !== undefined);
  return { name: 'local', target: 'Docker', file, cpu: `${quota / period}`, memory: `${memory} MiB` };
}

function readAci(outdir: string): WrittenStack {
  const { file, terraform } = read(outdir, 'aci');
  const [group] = Object.values(terraform.resource.azurerm_container_group) as Array<{
    container: Array<{ cpu: number; memory: number }>;
  }>;
  const [{ cpu, memory }] = group.container;
  return { name: 'aci', target: 'Container Instances', file, cpu: `${cpu}`, memory: `${memory} GB` };
}

interface Deployment {
  readonly spec: { readonly template: { readonly spec: { readonly container: readonly Container[] } } };
}
interface Container {
  readonly resources: { readonly requests: Readonly<Record<'cpu' | 'memory', string>> };
}

function readAks(outdir: string): WrittenStack {
  const { file, terraform } = read(outdir, 'aks');
  const [deployment] = Object.values(terraform.resource.kubernetes_deployment_v1) as Deployment[];
  const { cpu, memory } = deployment.spec.template.spec.container[0].resources.requests;
  return { name: 'aks', target: 'Kubernetes', file, cpu: inCores(cpu), memory: memory.replace(/([KMG]i)$/, ' $1B') };
}

/** Kubernetes counts in thousandths where it must: `300m`. */
const inCores = (quantity: string): string => (quantity.endsWith('m') ? `${parseInt(quantity, 10) / 1000}` : quantity);

function read(outdir: string, stack: string): { readonly file: string; readonly terraform: Terraform } {
  const file = path.join(outdir, 'stacks', stack, 'cdk.tf.json');
  return { file, terraform: JSON.parse(fs.readFileSync(file, 'utf8')) as Terraform };
}
