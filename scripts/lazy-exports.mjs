// Rewrites the compiled package so that a stack pays for what it uses.
//
// TypeScript compiles `export { X } from './x'` and `import { Y } from '@cdktf/provider-z/lib/y'` to a `require` that runs with
// the file, so that naming one class would load all of them and, with them, the bindings of three providers. Here every export
// of the entry is a getter that replaces itself, and a binding is loaded where a construct first creates its resource.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/** `entry` is a CommonJS file that only re-exports; its declaration file stays as it is. */
export function makeExportsLazy(entry) {
  const sources = namesBySource(entry);
  writeFileSync(entry, render(sources, [...new Set(Object.values(sources).flat())]));
}

/** `const y_1 = require("@cdktf/…")` becomes an object that loads the binding when `y_1.Y` is first read. */
export function makeBindingsLazy(folder) {
  const files = readdirSync(folder, { recursive: true }).filter(file => file.endsWith('.js'));
  for (const file of files.map(name => join(folder, name))) {
    const text = readFileSync(file, 'utf8');
    const lazy = text.replace(/^const (\w+) = require\("(@cdktf\/provider-[^"]+)"\);$/gm, (_statement, name, binding) => {
      const used = new Set([...text.matchAll(new RegExp(`\\b${name}\\.(\\w+)`, 'g'))].map(([, member]) => member));
      return `const ${name} = { ${[...used].map(member => `get ${member}() { return require("${binding}").${member}; }`).join(', ')} };`;
    });
    if (lazy !== text) writeFileSync(file, lazy);
  }
}

/** Asks the modules themselves, so that `export *` and renamed names need no parser. */
function namesBySource(entry) {
  const require = createRequire(resolve(entry));
  const exported = require(resolve(entry));
  const text = readFileSync(entry, 'utf8');
  const sources = [...text.matchAll(/require\("(\.[^"]+)"\)/g)].map(([, source]) => source);
  const found = Object.fromEntries(
    sources.map(source => [source, Object.keys(exported).filter(name => require(source)[name] === exported[name])]),
  );
  const missing = Object.keys(exported).filter(name => !Object.values(found).flat().includes(name));
  if (missing.length > 0) throw new Error(`${entry} exports ${missing.join(', ')} under another name than its source does`);
  return found;
}

function render(sources, names) {
  const getters = Object.entries(sources).flatMap(([source, own]) =>
    own.map(name => `lazy(${JSON.stringify(name)}, () => require(${JSON.stringify(source)}).${name});`),
  );
  return `"use strict";
// Made by scripts/lazy-exports.mjs: each name loads its file when it is first used.
Object.defineProperty(exports, "__esModule", { value: true });
function lazy(name, load) {
  const define = property => Object.defineProperty(exports, name, { enumerable: true, configurable: true, ...property });
  define({ get: () => { const value = load(); define({ value }); return value; } });
}
${getters.join('\n')}
// Never runs: tells Node.js which names an ES module may import from here.
0 && (module.exports = { ${names.join(', ')} });
`;
}
