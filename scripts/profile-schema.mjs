// Writes docs/profile.schema.json from src/sizing/profile-result.ts: the interface and its comments are the only source.
//
//   node scripts/profile-schema.mjs
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const FILE = 'docs/profile.schema.json';
const SOURCE = 'src/sizing/profile-result.ts';

/** What a number counts, told by its name: the first that matches. `said` finds it in a comment that says it already. */
const UNITS = [
  { name: /^cpuMs/, unit: 'CPU milliseconds.', said: /milliseconds/i },
  { name: /Ms$/, unit: 'Milliseconds.', said: /milliseconds/i },
  { name: /InGB$/, unit: 'GB of 1024³ bytes.', said: /\bGB\b/ },
  { name: /InBytes$/, unit: 'Bytes.', said: /bytes/i, integer: true },
  { name: /^(successRate|utilization|throttledRatio|percentile)$/, unit: '0 to 1.', said: /0 to 1/, maximum: 1 },
  { name: /^(rate|capacity|headroomRate)$|QueriesPerSecond$/, unit: 'Requests a second.', said: /requests (a|per) second/i },
  { name: /^per(Hour|1000Requests)$|^costPerHour$/, unit: 'In the currency of `cost`.', said: /currency/ },
  { name: /^hostMemoryGigabytes$/, unit: '10⁹ bytes a second that one core streams from memory.', said: /bytes/ },
  { name: /^cores$/, unit: 'Number of cores.', said: /cores/i, integer: true },
  {
    name: /Queries$|^(count|distinct|samples|requests|concurrency|workers|maxBatch)$|^replicas|NumThreads$/,
    unit: 'Number.',
    said: /./,
    integer: true,
  },
  { name: /cpu$|^cpu(Request|Limit)$/i, unit: 'Cores.', said: /cores/i },
];

export function profileSchema() {
  const generator = createGenerator({
    path: SOURCE,
    type: 'ProfileResult',
    expose: 'export',
    topRef: false,
    sortProps: false,
    skipTypeCheck: true,
  });
  const { definitions, type, properties, required, additionalProperties } = asDraft2020(generator.createSchema('ProfileResult'));
  const { repository } = JSON.parse(readFileSync('package.json', 'utf8'));
  return pretty({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `${repository.url.replace(/\.git$/, '')}/blob/main/${FILE}`,
    title: 'Profile',
    description: 'What `model-serving profile` writes and `Sizing.fromProfile` reads.',
    type,
    properties: withUnits(properties),
    required,
    additionalProperties,
    $defs: Object.fromEntries(Object.entries(definitions).map(([name, each]) => [name, describeAll(each)])),
  });
}

/** The generator speaks draft 7, which names its definitions otherwise; the rest of what it writes is the same. */
const asDraft2020 = schema => JSON.parse(JSON.stringify(schema).replaceAll('"#/definitions/', '"#/$defs/'));

/** Adds units wherever properties are declared. */
function describeAll(schema) {
  if (schema.items !== undefined) return { ...schema, items: describeAll(schema.items) };
  return schema.properties === undefined ? schema : { ...schema, properties: withUnits(schema.properties) };
}

const withUnits = properties =>
  Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, withUnit(name, schema)]));

function withUnit(name, schema) {
  if (schema.const !== undefined) return schema;
  const isInterval = schema.items?.type === 'number';
  if (schema.type !== 'number' && !isInterval) return describeAll(schema);
  const { unit, said, integer, maximum } = UNITS.find(each => each.name.test(name)) ?? {};
  const { description } = schema;
  if (unit === undefined && description === undefined) {
    throw new Error(`${SOURCE} does not say what ${name} counts, and scripts/profile-schema.mjs has no unit for such a name`);
  }
  const text =
    description === undefined || unit === undefined || said.test(description) ? (description ?? unit) : `${unit} ${description}`;
  const range = { minimum: 0, ...(maximum === undefined ? {} : { maximum }) };
  if (isInterval) return { ...schema, items: { ...schema.items, ...range }, description: text };
  return { type: integer === true ? 'integer' : 'number', ...range, description: text };
}

/** As `npm run format` would leave it. */
function pretty(schema) {
  const prettier = 'node_modules/prettier/bin/prettier.cjs';
  const { stdout, stderr, status } = spawnSync(process.execPath, [prettier, '--stdin-filepath', FILE], {
    input: JSON.stringify(schema),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

if (resolve(process.argv[1]) === fileURLToPath(import.meta.url)) writeFileSync(FILE, profileSchema());
