import { BodyStream, BodyStreamEvents } from '../../../src/scoring/script/body-stream';

const told: unknown[] = [];
const EVENTS: BodyStreamEvents = { onError: error => told.push(error), onLeave: () => told.push('left') };
beforeEach(() => void told.splice(0));

/** What comes later than the one who asks. */
const later = () => new Promise(setImmediate);

const read = async (stream: BodyStream): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

describe('a streamed body', () => {
  test('is its pieces, empty ones included', async () => {
    async function* source() {
      yield 'a';
      await later();
      yield '';
      yield Buffer.from('b');
    }

    expect(await read(new BodyStream(source(), EVENTS))).toBe('ab');
    expect(told).toEqual([]);
  });

  test('is read no faster than it is taken', async () => {
    let made = 0;
    async function* source() {
      for (;;) {
        made++;
        await later();
        yield Buffer.alloc(64 * 1024);
      }
    }
    const stream = new BodyStream(source(), EVENTS);
    stream.read(0);
    for (let turn = 0; turn < 20; turn++) await later();
    stream.destroy();

    expect(made).toBeLessThan(5);
  });

  test('ends with the error of its source', async () => {
    const failure = new Error('dry');
    async function* source() {
      yield 'a';
      await later();
      throw failure;
    }

    await expect(read(new BodyStream(source(), EVENTS))).rejects.toBe(failure);
    expect(told).toEqual([failure]);
  });

  test('does not take pieces that are no bytes', async () => {
    async function* source() {
      await later();
      yield 1;
    }

    await expect(read(new BodyStream(source(), EVENTS))).rejects.toThrow('The streamed body holds number');
  });

  test('closes where it is left, though its source waits for ever, and says so before', async () => {
    async function* source() {
      yield 'a';
      await new Promise(() => undefined);
    }
    const stream = new BodyStream(source(), EVENTS);
    for await (const _ of stream) break;

    expect(stream.closed).toBe(true);
    expect(told).toEqual(['left']);
  });
});
