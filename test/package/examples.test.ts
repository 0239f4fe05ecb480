import { App } from 'cdktf';
import * as fs from 'fs';
import * as path from 'path';
import { aciStack } from '../../examples/aci/stack';
import { aksStack } from '../../examples/aks/stack';
import { localStack } from '../../examples/local/stack';
import { temporaryFolder } from '../support/files';
import { schemaFaults } from '../support/terraform-schema';

test.each([
  { name: 'local', build: localStack },
  { name: 'aci', build: aciStack },
  { name: 'aks', build: aksStack },
])('the $name example synthesizes to what the providers accept', ({ build }) => {
  const outdir = temporaryFolder();
  const app = new App({ outdir });
  const stack = build(app);
  app.synth();

  const written = fs.readFileSync(path.join(outdir, 'stacks', stack.node.id, 'cdk.tf.json'), 'utf8');
  expect(schemaFaults(JSON.parse(written) as object)).toEqual([]);
});
