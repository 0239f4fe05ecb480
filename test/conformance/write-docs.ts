import { writeFileSync } from 'fs';
import * as path from 'path';
import { parityDocument } from './documentation';

writeFileSync(path.join(__dirname, '../../docs/azureml-parity.md'), parityDocument());
