import { ITerraformDependable, TerraformElement, TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';

/**
 * What `scope` may name in `depends_on`: the dependables of its own stack; undefined where there are none.
 *
 * Terraform cannot wait for a resource of another stack; there the whole stack becomes the dependency, so that
 * `cdktf deploy` applies it first. cdktf itself would emit a remote-state expression that Terraform rejects.
 */
export function dependablesWithin(
  scope: IConstruct,
  dependables: readonly ITerraformDependable[],
): ITerraformDependable[] | undefined {
  const own = TerraformStack.of(scope);
  const within = dependables.filter(dependable => {
    if (!TerraformElement.isTerraformElement(dependable)) return true;
    const stack = TerraformStack.of(dependable);
    if (stack === own) return true;
    own.addDependency(stack);
    return false;
  });
  return within.length === 0 ? undefined : within;
}
