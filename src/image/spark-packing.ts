import { CONTAINER } from '../core/server-contract';
import { run, Step } from './dockerfile';
import { Requirements } from './requirements';
import { asRoot } from './script-files';

/** Java, which Spark runs on, where the base image has none. Its package links a page into a folder that slim images have not. */
export function installJava(): Step {
  const install = [
    'mkdir -p /usr/share/man/man1',
    'apt-get update',
    'apt-get install --yes --no-install-recommends default-jre-headless',
    'rm -rf /var/lib/apt/lists/*',
  ];
  return { lines: [`RUN command -v java >/dev/null || { ${install.join(' && ')}; }`] };
}

/** Nobody but the script speaks to its Spark, and a container's own name need not be known to its resolver. */
export const SPARK_ENVIRONMENT = { SPARK_LOCAL_IP: '127.0.0.1' } as const;

/** PySpark, in the version that the script names; else the newest, with the numpy that its models need. */
export function addSparkRequirements(requirements: Requirements): void {
  if (requirements.has('pyspark')) return;
  requirements.addLine('pyspark', 'runtime');
  if (!requirements.has('numpy')) requirements.addLine('numpy', 'runtime');
}

/** After the server, which brings the program. */
export function prepareSpark(interpreter: string): Step[] {
  return [...asRoot(true), { lines: [run(`${interpreter} ${CONTAINER.serverRoot}/python/prepare_spark.py ${CONTAINER.uid}`)] }];
}
