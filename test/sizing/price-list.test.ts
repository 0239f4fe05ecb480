import fc from 'fast-check';
import { DEFAULT_PRICES, parsePriceList } from '../../src/sizing/price-list';

const FILE = {
  priceList: 1,
  date: '2026-05-01',
  currency: 'EUR',
  region: 'westeurope',
  aci: { perCoreHour: 0.05, perGBHour: 0.005 },
};

const parse = (changes: object) => parsePriceList(JSON.stringify({ ...FILE, ...changes }));

describe('parsePriceList', () => {
  test('reads the prices of a core and of a GB', () => {
    expect(parse({})).toEqual({
      date: '2026-05-01',
      currency: 'EUR',
      region: 'westeurope',
      rates: { aci: { perCoreHour: 0.05, perGBHour: 0.005 } },
      sources: [],
    });
  });

  test('finds the prices of a core and of a GB that two machines have in common', () => {
    const machines = [
      { name: 'balanced', cores: 4, memoryInGB: 16, perHour: 0.2 },
      { name: 'memory', cores: 8, memoryInGB: 64, perHour: 0.56 },
    ];
    expect(parse({ aks: { machines } })).toMatchObject({ rates: { aks: { perCoreHour: 0.03, perGBHour: 0.005 } } });
  });

  test.each([
    ['another version', { priceList: 2 }, 'priceList is 2, not 1'],
    ['no day', { date: 'May' }, 'date is "May", not a day as in "2026-09-22"'],
    ['a day that is none', { date: '2026-13-01' }, 'date is "2026-13-01"'],
    ['no currency', { currency: '€' }, 'currency is "€", not three capital letters'],
    ['no region', { region: undefined }, 'region is missing, not a name'],
    ['a misspelt target', { acs: {} }, 'acs is no field of a price file'],
    ['nothing priced', { aci: undefined }, 'it prices none of aci, aks'],
    ['a price below 0', { aci: { perCoreHour: -1, perGBHour: 1 } }, 'aci.perCoreHour is -1, not a price'],
    ['a price as text', { aci: { perCoreHour: 1, perGBHour: '1' } }, 'aci.perGBHour is "1", not a price'],
    ['a price that is no object', { aks: 0.2 }, 'aks is 0.2, not { "perCoreHour", "perGBHour" } or { "machines" }'],
    ['one machine', { aks: { machines: [{ cores: 4, memoryInGB: 16, perHour: 1 }] } }, 'aks.machines is not two of'],
    [
      'machines of one shape',
      { aks: { machines: [4, 8].map(cores => ({ cores, memoryInGB: 4 * cores, perHour: cores })) } },
      'aks.machines have the same GB per core',
    ],
    [
      'a dear machine with less memory',
      { aks: { machines: [16, 32].map(memoryInGB => ({ cores: 4, memoryInGB, perHour: 1 / memoryInGB })) } },
      'aks.machines would make a core or a GB cost less than nothing',
    ],
    ['sources without a day', { sources: [{ url: 'https://example.com', says: 'cheap' }] }, 'sources is not a list of'],
  ])('says what is wrong with a file that has %s', (_, changes, problem) => {
    expect(parse(changes)).toEqual({ problems: [expect.stringContaining(problem)] });
  });

  test('says everything that is wrong at once', () => {
    expect(parse({ date: 1, currency: 2, region: 3 })).toEqual({
      problems: [expect.any(String), expect.any(String), expect.any(String)],
    });
  });

  test.each(['', '{', 'null', '[]', '7'])('answers with a problem and not with an exception to %j', text => {
    expect(parsePriceList(text)).toEqual({ problems: [expect.any(String)] });
  });

  test('answers to any JSON', () => {
    fc.assert(
      fc.property(
        fc.record({ aci: fc.jsonValue(), aks: fc.jsonValue(), sources: fc.jsonValue() }, { requiredKeys: [] }),
        changes => {
          const answer = parse(changes);
          expect('problems' in answer ? answer.problems.length : Object.keys(answer.rates).length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('DEFAULT_PRICES', () => {
  test('are whole, with the day and the place of every price', () => {
    expect(DEFAULT_PRICES).toMatchObject({
      currency: 'USD',
      region: 'eastus',
      rates: { aci: { perCoreHour: 0.0405, perGBHour: 0.00445 }, aks: { perCoreHour: 0.033, perGBHour: 0.00375 } },
    });
    const days = DEFAULT_PRICES.sources.map(({ read }) => read).sort();
    expect(days.length).toBeGreaterThan(0);
    expect(DEFAULT_PRICES.date).toBe(days[0]);
  });
});
