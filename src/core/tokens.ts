import { Token } from 'cdktf';

/** True where the value is known at synth. Number tokens are huge negative doubles, so every range check must ask first. */
export function isKnown(value: unknown): boolean {
  return !Token.isUnresolved(value);
}

/** Runs `check` on a value that is given and known at synth; a token is left for Terraform to judge. */
export function ifKnown<T, R>(value: T | undefined, check: (value: T) => R): R | undefined {
  return value === undefined || !isKnown(value) ? undefined : check(value);
}
