import { readFileSync } from 'fs';
import * as path from 'path';
import { parityDocument } from './documentation';

test('docs/azureml-parity.md says what the table says (npx tsx test/conformance/write-docs.ts writes it)', () => {
  expect(readFileSync(path.join(__dirname, '../../docs/azureml-parity.md'), 'utf8')).toBe(parityDocument());
});
