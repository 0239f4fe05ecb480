import { roundUpToStep } from '../sizing/compute-size';
import { ProfileResult } from '../sizing/profile-result';

const STEP = 0.1;

/**
 * The recommended size as Azure ML v1's command line handed it on, from `az ml model profile -t` to `az ml model deploy --pi`:
 * JSON with `cpu` (cores) and `memoryInGB`, both in v1's steps of a tenth, rounded up.
 */
export function handOff({ recommendedCpu, recommendedMemoryInGB }: ProfileResult): string {
  const size = { cpu: roundUpToStep(recommendedCpu, STEP), memoryInGB: roundUpToStep(recommendedMemoryInGB, STEP) };
  return `${JSON.stringify(size)}\n`;
}
