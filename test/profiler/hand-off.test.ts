import { handOff } from '../../src/profiler/hand-off';
import { ProfileResult } from '../../src/sizing/profile-result';

const sized = (recommendedCpu: number, recommendedMemoryInGB: number) =>
  ({ recommendedCpu, recommendedMemoryInGB }) as ProfileResult;

describe('handOff', () => {
  test("has the two keys that Azure ML v1's command line read, and no other", () => {
    expect(handOff(sized(0.7, 0.6))).toBe('{"cpu":0.7,"memoryInGB":0.6}\n');
  });

  test('rounds up to tenths and does not push a tenth to the next', () => {
    expect(JSON.parse(handOff(sized(0.71, 0.5625)))).toEqual({ cpu: 0.8, memoryInGB: 0.6 });
    expect(JSON.parse(handOff(sized(0.1 + 0.2, 3)))).toEqual({ cpu: 0.3, memoryInGB: 3 });
  });
});
