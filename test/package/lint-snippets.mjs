// Lints snippets as if they stood in the files that they name, with the project's own rules.
// Reads [{ file, code, typed? }] from stdin, prints the rules that each one breaks as [["rule", …], …].
import { ESLint } from 'eslint';
import { readFileSync } from 'node:fs';
import tseslint from 'typescript-eslint';

const snippets = JSON.parse(readFileSync(0, 'utf8'));
const typed = new ESLint();
// rules that need no types run without loading the whole program
const plain = new ESLint({ overrideConfig: [{ files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked }] });

const broken = [];
for (const { file, code, typed: needsTypes } of snippets) {
  const [{ messages }] = await (needsTypes ? typed : plain).lintText(code, { filePath: file });
  broken.push(messages.map(message => message.ruleId ?? message.message));
}
process.stdout.write(JSON.stringify(broken));
