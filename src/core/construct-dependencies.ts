import { Aspects, dependable, IAspect, ITerraformDependable, TerraformDataSource, TerraformResource } from 'cdktf';
import { IConstruct } from 'constructs';
import { dependablesWithin } from './dependencies';

type Dependent = TerraformResource | TerraformDataSource;

/**
 * Makes `a.node.addDependency(b)` mean what it says: every resource below `a` waits for every resource below `b`.
 *
 * cdktf 0.21 records such a dependency and emits nothing. The constructs of this package honour it for themselves; to have it
 * honoured for your own resources, too, call `enforce` on the app or a stack.
 *
 * @example ConstructDependencies.enforce(stack);
 */
export class ConstructDependencies {
  /** Honours the dependencies of `scope` and of everything below it, at synth. Calling it twice changes nothing. */
  public static enforce(scope: IConstruct): void {
    Aspects.of(scope).add(new DependencyAspect(scope));
  }
}

class DependencyAspect implements IAspect {
  constructor(private readonly root: IConstruct) {}

  public visit(node: IConstruct): void {
    if (!isDependent(node)) return;
    const scopes = node.node.scopes;
    for (const scope of scopes.slice(scopes.indexOf(this.root))) {
      for (const dependency of scope.node.dependencies) waitFor(node, needed(dependency, scope));
    }
  }
}

/** Everything below the dependency, but nothing that itself belongs to the one that waits. */
function needed(dependency: IConstruct, scope: IConstruct): Dependent[] {
  return dependency.node
    .findAll()
    .filter(isDependent)
    .filter(other => !other.node.scopes.includes(scope));
}

const HONOURED = new WeakMap<Dependent, Set<ITerraformDependable>>();

/** What was added is remembered: names in `dependsOn` are tokens, which cannot be compared, and aspects may overlap. */
function waitFor(node: Dependent, others: Dependent[]): void {
  const honoured = HONOURED.get(node) ?? new Set();
  HONOURED.set(node, honoured);
  const added = (dependablesWithin(node, others) ?? []).filter(other => !honoured.has(other));
  for (const other of added) honoured.add(other);
  if (added.length > 0) node.dependsOn = [...(node.dependsOn ?? []), ...added.map(dependable)];
}

function isDependent(node: IConstruct): node is Dependent {
  return TerraformResource.isTerraformResource(node) || TerraformDataSource.isTerraformDataSource(node);
}
