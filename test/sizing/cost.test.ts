import fc from 'fast-check';
import { billedSize, costOf } from '../../src/sizing/cost';
import { PriceList } from '../../src/sizing/price-list';
import { ProfileTarget } from '../../src/sizing/profile-result';

/** Round numbers, so that the right answer can be worked out in one's head. */
const PRICES: PriceList = {
  date: '2026-01-01',
  currency: 'EUR',
  region: 'westeurope',
  rates: { aci: { perCoreHour: 0.04, perGBHour: 0.004 }, aks: { perCoreHour: 0.03, perGBHour: 0.01 } },
  sources: [],
};

describe('costOf', () => {
  test('bills a lone container group for one core and one GB at least', () => {
    expect(costOf('aci', { cpu: 0.3, memoryInGB: 0.4 }, 1, PRICES, 50)).toEqual({
      currency: 'EUR',
      billedCpu: 1,
      billedMemoryInGB: 1,
      perHour: 0.044,
      per1000Requests: 0.000244444444,
      prices: 'westeurope, 2026-01-01',
    });
  });

  test('bills each group above that for what it requests', () => {
    expect(costOf('aci', { cpu: 1.5, memoryInGB: 0.6 }, 1, PRICES, 50)).toMatchObject({
      billedCpu: 1.5,
      billedMemoryInGB: 1,
      perHour: 0.064,
    });
  });

  test("adds up the replicas' shares of their nodes on AKS, and divides by the requests that they share", () => {
    expect(costOf('aks', { cpu: 0.5, memoryInGB: 0.5 }, 4, PRICES, 100)).toMatchObject({
      billedCpu: 0.5,
      billedMemoryInGB: 0.5,
      perHour: 0.08,
      per1000Requests: 0.000222222222,
    });
  });

  test('has no answer where a target has no meter', () => {
    expect(costOf('edge', { cpu: 1, memoryInGB: 1 }, 1, PRICES, 50)).toBeUndefined();
    expect(costOf('local', { cpu: 1, memoryInGB: 1 }, 1, PRICES, 50)).toBeUndefined();
  });

  test('a larger size never costs less', () => {
    const amount = fc.double({ min: 0.01, max: 8, noNaN: true });
    fc.assert(
      fc.property(amount, amount, amount, fc.constantFrom<ProfileTarget>('aci', 'aks'), (cpu, memoryInGB, more, target) => {
        const [less, dearer] = [cpu, cpu + more].map(each => costOf(target, { cpu: each, memoryInGB }, 1, PRICES, 50)!.perHour);
        expect(dearer).toBeGreaterThanOrEqual(less);
      }),
    );
  });
});

test('what is billed is in the steps that the target keeps', () => {
  expect(billedSize('aci', { cpu: 1.01, memoryInGB: 2.345 })).toEqual({ cpu: 1.1, memoryInGB: 2.4 });
  expect(billedSize('aks', { cpu: 0.1234, memoryInGB: 0.5 })).toEqual({ cpu: 0.124, memoryInGB: 0.5 });
});
