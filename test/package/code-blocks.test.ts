import * as fs from 'fs';
import * as path from 'path';
import * as ts from 'typescript';

const ROOT = path.join(__dirname, '..', '..');

/** A ```ts block of a document. */
interface CodeBlock {
  readonly document: string;
  /** Of the line after the fence, counted from 1. */
  readonly line: number;
  readonly code: string;
}

/** Where a block imports nothing of a module itself, it may use all of the module, as a reader's file would by then. */
const USUAL_IMPORTS = {
  'cdktf-model-serving': exportedNames(),
  cdktf: ['App', 'Aspects', 'TerraformOutput', 'TerraformStack', 'TerraformVariable'],
  constructs: ['Construct'],
  '@cdktf/provider-azurerm/lib/provider': ['AzurermProvider'],
  '@cdktf/provider-docker/lib/provider': ['DockerProvider'],
  '@cdktf/provider-kubernetes/lib/provider': ['KubernetesProvider'],
};

/** Public names, types included: those that the entry lists. */
function exportedNames(): string[] {
  const entry = ts.createSourceFile('index.ts', fs.readFileSync(path.join(ROOT, 'src/index.ts'), 'utf8'), ts.ScriptTarget.Latest);
  return entry.statements
    .filter(ts.isExportDeclaration)
    .flatMap(({ exportClause }) =>
      exportClause && ts.isNamedExports(exportClause) ? exportClause.elements.map(element => element.name.text) : [],
    );
}

function blocksOf(document: string, text = fs.readFileSync(path.join(ROOT, document), 'utf8')): CodeBlock[] {
  return [...text.matchAll(/^```(?:ts|typescript)\n([^]*?)^```/gm)].map(match => ({
    document,
    line: text.slice(0, match.index).split('\n').length + 1,
    code: match[1],
  }));
}

function documents(): string[] {
  const docs = fs
    .readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .map(file => path.join('docs', file));
  return ['README.md', ...docs].filter(file => file.endsWith('.md') && fs.existsSync(path.join(ROOT, file)));
}

/**
 * The block as a module. Its own imports and the usual ones stand on the first line, the rest in a function, so that it may
 * declare names that the prelude has and await what it likes; lines keep their numbers, moved by one.
 */
function asModule(block: CodeBlock): string {
  const source = ts.createSourceFile('block.ts', block.code, ts.ScriptTarget.Latest);
  const imports = source.statements.filter(ts.isImportDeclaration);
  const imported = imports.map(({ moduleSpecifier }) => (moduleSpecifier as ts.StringLiteral).text);
  const usual = Object.entries(USUAL_IMPORTS)
    .filter(([module]) => !imported.includes(module))
    .map(([module, names]) => `import { ${names.join(', ')} } from '${module}';`);
  const own = imports.map(statement => block.code.slice(statement.getStart(source), statement.end).replace(/\n/g, ' '));
  const rest = imports.reduce(
    (code, { pos, end }) => code.slice(0, pos) + code.slice(pos, end).replace(/[^\n]/g, ' ') + code.slice(end),
    block.code,
  );
  const exportsSomething = /^export /m.test(rest);
  const [open, close] = exportsSomething ? ['', ''] : ['export async function example() {', '}'];
  return `${[...usual, ...own].join(' ')} ${open}\n${rest}${close}\n`;
}

/** What the compiler says about the blocks, as `document:line: message`. One program for all: most of its time is the framework's types. */
function compile(blocks: readonly CodeBlock[]): string[] {
  const file = (index: number) => path.join(ROOT, `.code-block-${index}.ts`);
  const sources = new Map(blocks.map((block, index) => [file(index), { block, text: asModule(block) }]));
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    esModuleInterop: true,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    paths: {
      'cdktf-model-serving': [path.join(ROOT, 'src/index.ts')],
      'cdktf-model-serving/profiler': [path.join(ROOT, 'src/profiler/api.ts')],
    },
  };
  const onDisk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...onDisk,
    fileExists: name => sources.has(name) || onDisk.fileExists(name),
    readFile: name => sources.get(name)?.text ?? onDisk.readFile(name),
    getSourceFile: (name, target) => {
      const block = sources.get(name);
      return block === undefined ? onDisk.getSourceFile(name, target) : ts.createSourceFile(name, block.text, target);
    },
  };

  const program = ts.createProgram([...sources.keys(), path.join(__dirname, 'docs-prelude.d.ts')], options, host);
  return [...sources].flatMap(([name, { block }]) => {
    const source = program.getSourceFile(name);
    const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return diagnostics.map(({ start, messageText }) => {
      const line = source?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
      return `${block.document}:${block.line + line - 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

describe('code in the documents', () => {
  const GOOD = '# Title\n\n```ts\nconst size = Sizing.fixed({ cpu: 1, memoryInGB: 1 });\nawait Promise.resolve(size);\n```\n';
  const BAD = "# Title\n\n```ts\nimport { App } from 'cdktf';\n\nnew App();\nnew Thing(stack);\n```\n";

  test('compiles against the source', () => {
    const blocks = documents().flatMap(document => blocksOf(document));
    const faults = compile([...blocks, ...blocksOf('good.md', GOOD), ...blocksOf('bad.md', BAD)]);
    // the last proves that faults are found, and at their own line
    expect(faults).toEqual(["bad.md:7: Cannot find name 'Thing'."]);
  }, 120_000);

  test('is found in the README', () => {
    expect(blocksOf('README.md').length).toBeGreaterThan(0);
  });
});
