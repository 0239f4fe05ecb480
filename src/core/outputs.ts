import { TerraformOutput, TerraformStack } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { ValidationError } from './errors';

const outputExists = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'OUTPUT_EXISTS', {
    problem: `the stack has an output ${name} already, and Terraform would keep only one of them`,
    fix: 'call addOutputs({ prefix: … }) with a prefix of its own for each construct',
  });

/** Declares an output under exactly this name. Of two outputs with one name cdktf would write only the last. */
export function addOutput(scope: Construct, id: string, name: string, value: string): void {
  const stack = TerraformStack.of(scope);
  const exists = stack.node.findAll().some(node => TerraformOutput.isTerraformOutput(node) && node.friendlyUniqueId === name);
  if (exists) throw outputExists(scope, name);
  new TerraformOutput(scope, id, { value }).overrideLogicalId(name);
}
