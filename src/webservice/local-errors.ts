import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';

export const invalidLocalPort = (scope: IConstruct, port: number) =>
  new ValidationError(scope, 'LOCAL_PORT_INVALID', {
    problem: `the port ${port} is not a whole number from 1 to 65535`,
    fix: 'choose another port, or leave it out: Docker then takes a free one',
  });

export const invalidBindAddress = (scope: IConstruct, address: string) =>
  new ValidationError(scope, 'LOCAL_BIND_ADDRESS_INVALID', {
    problem: `bindAddress is "${address}", which is no IP address`,
    fix: 'give 127.0.0.1 for this machine only, 0.0.0.0 for every network that it is in, or one of its addresses',
  });

/** Anybody who can reach the machine can use the service. */
export const localOpenToAll = (address: string) =>
  `[LOCAL_OPEN_TO_ALL] the service listens on ${address} and asks for no key; leave out bindAddress, or auth`;
