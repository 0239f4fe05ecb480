import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';
import { isKnown } from '../core/tokens';

export const invalidWebserviceName = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'WEBSERVICE_NAME_INVALID', {
    problem: `the service name "${name}" is not allowed: 3 to 32 lower-case letters, digits and dashes, starting with a letter, not ending with a dash`,
    fix: 'give another webserviceName (it defaults to the construct id)',
  });

export const notPositive = (scope: IConstruct, what: string, value: number) =>
  new ValidationError(scope, 'SETTING_NOT_POSITIVE', {
    problem: `${what} is ${value}; it must be a whole number from 1`,
    fix: 'give a whole number from 1, or leave it out',
  });

export const timeoutsOutOfOrder = (scope: IConstruct, queueMs: number, scoringMs: number) =>
  new ValidationError(scope, 'TIMEOUTS_OUT_OF_ORDER', {
    problem: `maxQueueWaitMs is ${queueMs}, more than scoringTimeoutMs ${scoringMs}: a request could wait longer than it may run`,
    fix: 'keep maxQueueWaitMs at or below scoringTimeoutMs',
  });

export const reservedVariable = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'ENVIRONMENT_VARIABLE_RESERVED', {
    problem: `environment sets ${name}, which the service sets itself`,
    fix: 'use the prop that stands for it',
  });

export const literalKey = (scope: IConstruct, which: string) =>
  new ValidationError(scope, 'AUTH_LITERAL_KEY', {
    problem: `${which} is a plain string, so the key would stand in the program, in cdk.tf.json and in version control`,
    fix: 'pass a sensitive TerraformVariable or a Key Vault reference, or leave it out: Auth.keys() declares the variables',
  });

export const variableExists = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'VARIABLE_EXISTS', {
    problem: `the stack has a variable ${name} already`,
    fix: 'give the service another construct id, or pass the keys to Auth.keys',
  });

export const invalidProbe = (scope: IConstruct, what: string, value: number, least: number) =>
  new ValidationError(scope, 'PROBE_NUMBER_INVALID', {
    problem: `probes.${what} is ${isKnown(value) ? value : 'known to Terraform only'}; it must be a whole number from ${least}`,
    fix: `give a whole number from ${least}, or leave it out`,
  });
