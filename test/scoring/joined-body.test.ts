import { JoinedBody } from '../../src/scoring/model/joined-body';

const pieces = ['one ', 'two ', 'three'].map(text => Buffer.from(text));

describe('a body in pieces', () => {
  test('becomes one buffer', () => {
    expect(new JoinedBody().join(pieces, 13).toString()).toBe('one two three');
  });

  test('lies in the same memory each time, once it was given back', () => {
    const body = new JoinedBody();
    const first = body.join(pieces, 13);
    body.giveBack();

    expect(body.join(pieces, 13).buffer).toBe(first.buffer);
  });

  test('has memory of its own while another is in use', () => {
    const body = new JoinedBody();
    const first = body.join(pieces, 13);
    const second = body.join([...pieces].reverse(), 13);

    expect(first.toString()).toBe('one two three');
    expect(second.toString()).toBe('threetwo one ');
  });

  test('of one piece is that piece', () => {
    expect(new JoinedBody().join([pieces[0]], 4)).toBe(pieces[0]);
  });
});
