import { TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';

/** A construct's id as a lower-case name with dashes: `DigitsService` becomes `digits-service`. */
export const kebabCase = (text: string): string => lowerCaseWords(text, '-');

/** A name as outputs and variables may have it: `DigitsService` becomes `digits_service`. */
export const snakeCase = (text: string): string => lowerCaseWords(text, '_');

function lowerCaseWords(text: string, separator: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '')
    .join(separator);
}

/** Ids from the stack down to the construct, the stack's own left out. */
export function pathBelowStack(scope: IConstruct): string[] {
  const stack = TerraformStack.of(scope);
  return scope.node.scopes.slice(stack.node.scopes.length).map(construct => construct.node.id);
}
