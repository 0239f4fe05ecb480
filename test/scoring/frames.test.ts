import * as fc from 'fast-check';
import { Writable } from 'stream';
import { Frame, FrameReader, writeFrame } from '../../src/scoring/engine/frames';

interface Head {
  readonly text: string;
}

function written(frames: ReadonlyArray<{ head: Head; body: Buffer[] }>): Buffer {
  const chunks: Buffer[] = [];
  const stream = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk), done()) });
  for (const { head, body } of frames) writeFrame(stream, head, body, Buffer.concat(body).length);
  return Buffer.concat(chunks);
}

function read(bytes: Buffer, cuts: readonly number[]): Array<Frame<Head>> {
  const frames: Array<Frame<Head>> = [];
  const reader = new FrameReader<Head>(frame => frames.push(frame));
  let start = 0;
  for (const end of [...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    reader.push(bytes.subarray(start, end));
    start = end;
  }
  return frames;
}

describe('frames', () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map(each => Buffer.from(each));
  const frames = fc.array(
    fc.record({ head: fc.record({ text: fc.string({ unit: 'grapheme' }) }), body: fc.array(bytes, { maxLength: 3 }) }),
    { maxLength: 6 },
  );

  test('come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 12 }), (sent, cuts) => {
        const received = read(written(sent), cuts);

        expect(received.map(frame => frame.head)).toEqual(sent.map(frame => frame.head));
        expect(received.map(frame => Buffer.from(frame.body))).toEqual(sent.map(frame => Buffer.concat(frame.body)));
      }),
    );
  });

  test('a body too large for one write comes out whole', () => {
    const body = [Buffer.alloc(70_000, 1), Buffer.alloc(70_000, 2)];
    const [frame, next] = read(
      written([
        { head: { text: 'large' }, body },
        { head: { text: 'next' }, body: [] },
      ]),
      [5, 100, 100_000],
    );

    expect(frame.body.equals(Buffer.concat(body))).toBe(true);
    expect(next.head.text).toBe('next');
  });
});
