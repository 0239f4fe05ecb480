// Writes docs/errors.md from the error factories in src: their codes, comments and texts are the only source.
//
//   node scripts/errors-doc.mjs           writes docs/errors.md
//   node scripts/errors-doc.mjs --codes   prints the codes as JSON
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const CODE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;
/** An annotation begins with its code, since cdktf keeps nothing but the text. */
const ANNOTATION = /^\[([A-Z][A-Z0-9_]+)\] ([^]*)$/;

const ROOMS = {
  core: 'All constructs',
  workspace: 'Workspace',
  model: 'Models',
  image: 'Images',
  sizing: 'Sizes and profiles',
  webservice: 'Web services',
  edge: 'IoT Edge',
  batch: 'Batch',
  scoring: 'Scoring server',
  profiler: 'Profiling',
  client: 'Client',
  cli: 'Command line',
};

const INTRO = `# Errors and warnings

Made from the source by \`npm run docgen\`; do not edit.

Every error says where in the construct tree it was found, what was given, what is allowed and how to mend it. Its code is
stable: \`error.code\` in a program, \`[CODE]\` in the text. An entry with *warning* does not stop a synth unless it says so.
`;

export function errorsDocument() {
  const entries = collect();
  const sections = Object.entries(ROOMS).flatMap(([room, title]) => {
    // a code that two rooms raise stands once, under the first, so that its address is one
    const own = entries.filter(entry => entries.find(other => other.code === entry.code).room === room);
    return own.length === 0 ? [] : [`## ${title}\n`, ...byCode(own)];
  });
  return `${[INTRO, ...sections].join('\n').trimEnd()}\n`;
}

function byCode(entries) {
  const codes = [...new Set(entries.map(entry => entry.code))].sort();
  return codes.map(code => {
    const variants = entries.filter(entry => entry.code === code);
    return `### ${code}\n\n${variants.map(describe).join('\n')}`;
  });
}

function describe({ comment, problem, fix }) {
  const said = fix === undefined ? problem : `${problem}\n  fix: ${fix}`;
  return `${comment === '' ? '' : `${comment}\n\n`}\`\`\`text\n${said}\n\`\`\`\n`;
}

/** Every error and annotation that src can raise, in the order of the files. */
export function collect() {
  return sourceFiles('src').flatMap(file => {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    return entriesOf(source).map(entry => ({ ...entry, file, room: file.split('/')[1] }));
  });
}

function sourceFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function entriesOf(source) {
  const constants = topLevelConstants(source);
  const found = [];
  const visit = node => {
    const entry = errorEntry(node, constants) ?? annotationEntry(node, constants);
    if (entry !== undefined) found.push({ ...entry, comment: commentOf(node) });
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `new SomeError(…, 'CODE', { problem, fix })`, or `new SomeFailure('CODE', problem, fix)`. */
function errorEntry(node, constants) {
  if (!ts.isNewExpression(node) || !/(Error|Failure)$/.test(node.expression.getText())) return undefined;
  const args = [...(node.arguments ?? [])];
  const at = args.findIndex(argument => ts.isStringLiteral(argument) && CODE.test(argument.text));
  if (at < 0 || args.length < at + 2) return undefined;
  const [code, first, second] = args.slice(at);
  if (!ts.isObjectLiteralExpression(first)) {
    return { code: code.text, problem: textOf(first, constants), fix: second && textOf(second, constants) };
  }
  const property = name => first.properties.find(member => member.name?.getText() === name);
  const value = name =>
    property(name) === undefined ? undefined : textOf(property(name).initializer ?? property(name).name, constants);
  return { code: code.text, problem: value('problem'), fix: value('fix') };
}

function annotationEntry(node, constants) {
  if (!isText(node)) return undefined;
  const match = ANNOTATION.exec(textOf(node, constants));
  return match === null ? undefined : { code: match[1], problem: `warning: ${match[2]}` };
}

const isText = node =>
  ts.isStringLiteral(node) ||
  ts.isNoSubstitutionTemplateLiteral(node) ||
  ts.isTemplateExpression(node) ||
  ts.isBinaryExpression(node);

/** The text with `<name>` where a value will stand. */
function textOf(node, constants) {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(span => textOf(span.expression, constants) + span.literal.text).join('');
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return textOf(node.left, constants) + textOf(node.right, constants);
  }
  if (ts.isIdentifier(node)) return constants.get(node.text) ?? `<${node.text}>`;
  if (ts.isPropertyAccessExpression(node)) return `<${node.name.text}>`;
  const name = nameIn(node);
  return name === undefined ? '…' : `<${name}>`;
}

/** `short(digest)`, `names.join(', ')` and `JSON.stringify(value)` stand for what they are given. */
function nameIn(node) {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isCallExpression(node)) {
    const given = node.arguments.find(
      argument => !isText(argument) && !ts.isArrowFunction(argument) && !ts.isNumericLiteral(argument),
    );
    return given !== undefined ? nameIn(given) : nameIn(node.expression);
  }
  if (ts.isPropertyAccessExpression(node)) return nameIn(node.expression);
  return undefined;
}

/** Texts that several errors share, declared once in the file. */
function topLevelConstants(source) {
  const constants = new Map();
  for (const statement of source.statements.filter(ts.isVariableStatement)) {
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (initializer !== undefined && (isText(initializer) || ts.isNumericLiteral(initializer))) {
        constants.set(name.getText(), ts.isNumericLiteral(initializer) ? initializer.text : textOf(initializer, constants));
      }
    }
  }
  return constants;
}

/** The doc comment of the declaration that the error stands in. */
function commentOf(node) {
  for (let at = node; at !== undefined && !ts.isSourceFile(at); at = at.parent) {
    const isDeclaration = ts.isVariableStatement(at) || ts.isFunctionDeclaration(at);
    const [doc] = isDeclaration ? ts.getJSDocCommentsAndTags(at).filter(ts.isJSDoc) : [];
    if (doc !== undefined) return (ts.getTextOfJSDocComment(doc.comment) ?? '').replace(/\n/g, ' ');
    if (isDeclaration) return '';
  }
  return '';
}

if (resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--codes')) console.log(JSON.stringify([...new Set(collect().map(entry => entry.code))].sort()));
  else writeFileSync('docs/errors.md', errorsDocument());
}
