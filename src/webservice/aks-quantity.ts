import { Token } from 'cdktf';
import { isKnown } from '../core/tokens';

/** Cores as the Kubernetes API gives them back, so that a plan finds no difference: `2`, else thousandths, `350m`. */
export function cpuQuantity(cores: number): string {
  if (!isKnown(cores)) return Token.asString(cores);
  const millicores = Math.ceil(Number((cores * 1000).toFixed(6)));
  return millicores % 1000 === 0 ? String(millicores / 1000) : `${millicores}m`;
}

/** GB of 1024³ bytes as the Kubernetes API gives them back: `2Gi`, else `512Mi`. */
export function memoryQuantity(memoryInGB: number): string {
  if (!isKnown(memoryInGB)) return `${Token.asString(memoryInGB)}Gi`;
  const mebibytes = Math.ceil(Number((memoryInGB * 1024).toFixed(6)));
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`;
}
