import { App, LocalBackend, TerraformStack } from 'cdktf';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { attempt, run, runAside } from './run';

const FLAGS = ['-input=false', '-no-color'];

/** A stack in a folder of its own, taken through what `cdktf deploy` and `cdktf destroy` do. */
export class TerraformProject {
  public readonly directory: string;
  private readonly root = fs.mkdtempSync(path.join(os.tmpdir(), 'terraform-project-'));
  private isInitialised = false;

  constructor(
    stackId: string,
    private readonly env: Record<string, string | undefined> = {},
  ) {
    this.directory = path.join(this.root, 'cdktf.out', 'stacks', stackId);
  }

  /** A folder that lives as long as the project, for models and lock files. */
  get inputs(): string {
    const folder = path.join(this.root, 'inputs');
    fs.mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Sets environment variables for the next commands, such as `TF_VAR_…`. */
  set(env: Record<string, string | undefined>): void {
    Object.assign(this.env, env);
  }

  /** Writes the stack's Terraform. */
  write(build: (app: App) => TerraformStack): void {
    const app = new App({ outdir: path.join(this.root, 'cdktf.out'), stackTraces: false });
    new LocalBackend(build(app), { path: 'terraform.tfstate' });
    app.synth();
  }

  /** Writes the stack's Terraform, ready to be applied; again for a changed one. The state stays. */
  synth(build: (app: App) => TerraformStack): void {
    this.write(build);
    if (!this.isInitialised) run('terraform', ['init', ...FLAGS], this.options);
    this.isInitialised = true;
  }

  apply(): void {
    run('terraform', ['apply', '-auto-approve', ...FLAGS], this.options);
  }

  /** As `apply`, while the test goes on. */
  async applyAside(): Promise<void> {
    await runAside('terraform', ['apply', '-auto-approve', ...FLAGS], this.options);
  }

  /** What a plan would do, as `<action> <resource type>.<name>`; nothing where state and program agree. */
  plan(): string[] {
    const file = path.join(this.root, 'plan');
    const args = ['plan', '-detailed-exitcode', `-out=${file}`, ...FLAGS];
    const { status, stdout, stderr } = attempt('terraform', args, this.options);
    if (status !== 0 && status !== 2) throw new Error(`terraform plan ended with ${status}:\n${stderr}\n${stdout}`);
    if (status === 0) return [];
    const plan = JSON.parse(run('terraform', ['show', '-json', file], this.options)) as Plan;
    const resources = (plan.resource_changes ?? []).filter(change => change.change.actions[0] !== 'no-op');
    const outputs = Object.entries(plan.output_changes ?? {}).filter(([, change]) => change.actions[0] !== 'no-op');
    return [
      ...resources.map(change => `${change.change.actions.join('/')} ${change.address}`),
      ...outputs.map(([name, change]) => `${change.actions.join('/')} output.${name}`),
    ];
  }

  output(name: string): string {
    return run('terraform', ['output', '-raw', '-no-color', name], this.options);
  }

  /** One resource's attributes, sensitive ones included, by its type and a part of its name. */
  resource(type: string, name: RegExp): Record<string, unknown> {
    const state = JSON.parse(run('terraform', ['show', '-json'], this.options)) as State;
    const found = state.values.root_module.resources.filter(resource => resource.type === type && name.test(resource.name));
    if (found.length !== 1) throw new Error(`${found.length} resources ${type} match ${String(name)}`);
    return found[0].values;
  }

  /** Takes down what was made, and removes the folder. May be called after a failure, and twice. */
  destroy(): void {
    if (this.isInitialised) run('terraform', ['destroy', '-auto-approve', ...FLAGS], this.options);
    this.isInitialised = false;
    this.remove();
  }

  /** Removes the folder, and nothing that was made. */
  remove(): void {
    fs.rmSync(this.root, { recursive: true, force: true });
  }

  private get options() {
    const env = { CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1', ...this.env };
    return { cwd: this.directory, env, timeoutSeconds: 600 };
  }
}

interface Change {
  readonly actions: readonly string[];
}

interface Plan {
  /** Absent where the stack has no resources. */
  readonly resource_changes?: ReadonlyArray<{ readonly address: string; readonly change: Change }>;
  readonly output_changes?: Readonly<Record<string, Change>>;
}

interface State {
  readonly values: {
    readonly root_module: {
      readonly resources: ReadonlyArray<{
        readonly type: string;
        readonly name: string;
        readonly values: Record<string, unknown>;
      }>;
    };
  };
}
