import { execFileSync } from 'child_process';
import * as path from 'path';

/** Whether certificates can be made here; says so where not. */
export const hasOpenssl = canRun();

/** Writes `tls.crt` and `tls.key` for this machine into `folder`, under a common name. */
export function makeCertificate(folder: string, commonName = '127.0.0.1'): void {
  const subject = ['-subj', `/CN=${commonName}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', path.join(folder, 'tls.key'), '-out', path.join(folder, 'tls.crt')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...subject, ...files], { stdio: 'ignore' });
}

function canRun(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stdout.write('TLS tests are skipped: there is no openssl to make certificates with.\n');
    return false;
  }
}
