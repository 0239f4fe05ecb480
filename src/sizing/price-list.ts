import { DataSource } from './compute-size';
import * as builtIn from './data/prices.json';
import { ProfileTarget } from './profile-result';

/** What an hour of a core and of a GB (1024³ bytes) costs. */
export interface MeterRates {
  readonly perCoreHour: number;
  readonly perGBHour: number;
}

/** Prices of one region. */
export interface PriceList {
  /** None of the prices is older: `2026-07-23`. */
  readonly date: string;
  /** As ISO 4217 has it: `USD`. */
  readonly currency: string;
  readonly region: string;
  /** By target; a target without rates has no meter, so that its cost is not known. */
  readonly rates: Readonly<Partial<Record<ProfileTarget, MeterRates>>>;
  readonly sources: readonly DataSource[];
}

/** A machine that can be rented: two of them tell what a core and what a GB costs. */
interface Machine {
  readonly cores: number;
  readonly memoryInGB: number;
  readonly perHour: number;
}

type Json = Readonly<Record<string, unknown>>;

const METERED = ['aci', 'aks'] as const;
const KNOWN = ['priceList', 'date', 'currency', 'region', 'sources', 'about', ...METERED];

/**
 * Reads the text of a price file. Nothing is thrown: the answer is the list, or everything that is wrong with the file.
 * @see docs/sizing.md
 */
export function parsePriceList(text: string): PriceList | { readonly problems: readonly string[] } {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return { problems: [`it is no JSON: ${(error as Error).message}`] };
  }
  if (!isObject(content)) return { problems: ['it is no JSON object'] };
  const strangers = Object.keys(content).filter(name => !KNOWN.includes(name));
  return readPriceList(
    content,
    strangers.map(name => `${name} is no field of a price file`),
  );
}

function readPriceList(content: Json, problems: string[] = []): PriceList | { readonly problems: readonly string[] } {
  if (content.priceList !== 1) problems.push(`priceList is ${show(content.priceList)}, not 1`);
  if (!isDay(content.date)) problems.push(`date is ${show(content.date)}, not a day as in "2026-09-22"`);
  if (!/^[A-Z]{3}$/.test(String(content.currency)))
    problems.push(`currency is ${show(content.currency)}, not three capital letters as in "USD"`);
  if (!isText(content.region)) problems.push(`region is ${show(content.region)}, not a name as in "eastus"`);
  const rates = readRates(content, problems);
  const sources = readSources(content.sources, problems);
  if (problems.length > 0) return { problems };
  return { date: content.date as string, currency: content.currency as string, region: content.region as string, rates, sources };
}

function readRates(content: Json, problems: string[]): PriceList['rates'] {
  const rates: Partial<Record<ProfileTarget, MeterRates>> = {};
  for (const target of METERED) {
    const given = content[target];
    if (given === undefined) continue;
    const found = isObject(given) && given.machines !== undefined ? split(given.machines) : asRates(given);
    if (typeof found === 'string') problems.push(`${target}${found}`);
    else rates[target] = found;
  }
  if (METERED.every(target => content[target] === undefined)) problems.push(`it prices none of ${METERED.join(', ')}`);
  return rates;
}

function asRates(given: unknown): MeterRates | string {
  if (!isObject(given)) return ` is ${show(given)}, not { "perCoreHour", "perGBHour" } or { "machines" }`;
  const { perCoreHour, perGBHour } = given;
  if (!isPrice(perCoreHour)) return `.perCoreHour is ${show(perCoreHour)}, not a price`;
  if (!isPrice(perGBHour)) return `.perGBHour is ${show(perGBHour)}, not a price`;
  return { perCoreHour, perGBHour };
}

/** What a core and a GB must cost for both machines to cost what they do. */
function split(machines: unknown): MeterRates | string {
  if (!Array.isArray(machines) || machines.length !== 2 || !machines.every(isMachine))
    return '.machines is not two of { "cores", "memoryInGB", "perHour" } with amounts above 0';
  const [a, b] = machines as [Machine, Machine];
  const determinant = a.cores * b.memoryInGB - b.cores * a.memoryInGB;
  const perCoreHour = round((a.perHour * b.memoryInGB - b.perHour * a.memoryInGB) / determinant);
  const perGBHour = round((a.cores * b.perHour - b.cores * a.perHour) / determinant);
  if (determinant === 0) return '.machines have the same GB per core, so that they cannot tell what a GB costs';
  if (!isPrice(perCoreHour) || !isPrice(perGBHour)) return '.machines would make a core or a GB cost less than nothing';
  return { perCoreHour, perGBHour };
}

function readSources(given: unknown, problems: string[]): readonly DataSource[] {
  if (given === undefined) return [];
  const isSource = (item: unknown) => isObject(item) && isText(item.url) && isDay(item.read) && isText(item.says);
  if (Array.isArray(given) && given.every(isSource)) return given as DataSource[];
  problems.push('sources is not a list of { "url", "read", "says" }');
  return [];
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown) => typeof value === 'string' && value.length > 0;
const isDay = (value: unknown) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
const isPrice = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isAmount = (value: unknown) => isPrice(value) && value > 0;
const isMachine = (value: unknown) => isObject(value) && [value.cores, value.memoryInGB, value.perHour].every(isAmount);
/** Without the last digits, which are noise of the division. */
const round = (value: number) => Number(value.toPrecision(9));
const show = (value: unknown) => (value === undefined ? 'missing' : JSON.stringify(value));

/** The list that comes with the package, from `data/prices.json`: what to compare sizes by where nobody gave another. */
export const DEFAULT_PRICES = readPriceList(builtIn) as PriceList;
