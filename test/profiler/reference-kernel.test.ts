import { measureReference, transferStatement } from '../../src/profiler/reference-kernel';

test('a reference is measured in well under a second, and is a speed that a core can have', () => {
  const began = performance.now();
  const { gigaMultiplyAdds, memoryGigabytesPerSecond } = measureReference();
  expect(performance.now() - began).toBeLessThan(3000);
  for (const speed of [gigaMultiplyAdds, memoryGigabytesPerSecond]) {
    expect(speed).toBeGreaterThan(0.01);
    expect(speed).toBeLessThan(1000);
  }
});

describe('transferStatement', () => {
  const host = { gigaMultiplyAdds: 17.88, memoryGigabytesPerSecond: 11.96 };

  test('says on what it was measured, and that nobody said how fast the target is', () => {
    const text = transferStatement({ host, factor: 1, uncertainty: 0 });
    expect(text).toContain('17.9 billion multiply-adds a second and copies 12.0 GB/s');
    expect(text).toContain("Nobody said how fast the target's are.");
  });

  test('says by which factor the result was restated, and how sure that is', () => {
    expect(transferStatement({ host, factor: 0.8, uncertainty: 0.15 })).toContain('0.80 times as fast ± 15 %');
  });
});
