import * as fc from 'fast-check';
import { BodyPieces } from '../../src/scoring/http/body-pieces';

const collected = (sizes: readonly number[]) => {
  const pieces = new BodyPieces();
  const sent = sizes.map((size, index) => Buffer.alloc(size, index));
  for (const piece of sent) pieces.add(piece);
  return { sent, kept: pieces.end() };
};

describe('the pieces of a body', () => {
  test('hold the same bytes in the same order, whatever their sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 40_000 })), { maxLength: 200 }), sizes => {
        const { sent, kept } = collected(sizes);

        expect(Buffer.concat([...kept]).equals(Buffer.concat(sent))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('that are few are kept as they are', () => {
    const { sent, kept } = collected([1, 2, 3]);

    expect(kept).toEqual(sent);
    expect(kept[0]).toBe(sent[0]);
  });

  test('of a byte each become few', () => {
    const { kept } = collected(new Array<number>(100_000).fill(1));

    expect(kept.length).toBeLessThan(100);
  });
});
