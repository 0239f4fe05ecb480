import * as fc from 'fast-check';
import { getHeapStatistics } from 'v8';
import { RequestQueue } from '../../src/scoring/engine/request-queue';

const request = (bytes = 0) => ({ bytes });

describe('RequestQueue', () => {
  test('gives requests back in the order in which they came', () => {
    const queue = new RequestQueue({ requests: 3, bytes: 100 });
    const requests = [request(), request(), request()];
    requests.forEach(each => queue.offer(each));

    expect([queue.take(), queue.take(), queue.take(), queue.take()]).toEqual([...requests, undefined]);
  });

  test('says no to one more than its limit, before and after the body was read', () => {
    const queue = new RequestQueue({ requests: 1, bytes: 100 });
    queue.offer(request());

    expect(queue.admission(0)).toBe('too-many-requests');
    expect(queue.offer(request())).toBe('too-many-requests');
    expect(queue.length).toBe(1);
  });

  test('a withdrawn request makes room and is not given out', () => {
    const queue = new RequestQueue({ requests: 2, bytes: 100 });
    const [first, second] = [request(), request()];
    queue.offer(first);
    queue.offer(second);

    expect(queue.withdraw(first)).toBe(true);
    expect(queue.withdraw(first)).toBe(false);
    expect(queue.take()).toBe(second);
  });

  test('never holds more bytes than its limit, and none when all are released', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 60 })), sizes => {
        const queue = new RequestQueue({ requests: 1, bytes: 100 });
        const held = sizes.filter(size => {
          const before = queue.heldBytes;
          const taken = queue.hold(size);
          expect(taken).toBe(before + size <= 100);
          return taken;
        });
        expect(queue.heldBytes).toBe(held.reduce((sum, size) => sum + size, 0));
        held.forEach(size => queue.release(size));
        expect(queue.heldBytes).toBe(0);
      }),
    );
  });

  test('a body that would exceed the held bytes is refused by its announced size', () => {
    const queue = new RequestQueue({ requests: 1, bytes: 100 });
    queue.hold(60);

    expect(queue.admission(40)).toBe('accepted');
    expect(queue.admission(41)).toBe('too-many-bytes');
  });

  test('nothing keeps a request that was taken, so that collections of what is young stay short', () => {
    const queue = new RequestQueue<{ readonly bytes: number; readonly content: readonly number[] }>({ requests: 8, bytes: 100 });
    const content = (i: number): readonly number[] => new Array<number>(1_000).fill(i);
    const used = (): number => getHeapStatistics().used_heap_size;
    // what the queue has now becomes old
    for (let i = 0; i < 20_000; i++) content(i);
    const before = used();
    let most = 0;
    for (let i = 0; i < 20_000; i++) {
      queue.offer({ bytes: 0, content: content(i) });
      if (queue.length > 4) queue.takeWhere(() => true, 3);
      most = Math.max(most, used() - before);
    }
    // of 160 MB; 50 where dead tables kept them
    expect(most).toBeLessThan(25e6);
  });
});
