// How right `model-serving profile` is; see `--help`.
import { createRequire } from 'node:module';
import { register } from 'tsx/cjs/api';

register();
createRequire(import.meta.url)('./profile/main.ts');
