const SPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** What may come next. */
type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' | 'nothing';

/**
 * Where a text stops being JSON, counted from 0: V8's own messages name the position only sometimes. The text's length where it
 * ends too early.
 */
export function jsonFaultAt(text: string): number {
  const open: Array<'[' | '{'> = [];
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : 'comma or end');
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    at = match(SPACE, text, at);
    const char = text[at];
    if (char === undefined || expected === 'nothing') return at;
    if ((char === ']' || char === '}') && expected.endsWith('end')) {
      if (open.pop() !== (char === ']' ? '[' : '{')) return at;
      at++;
      expected = afterValue();
    } else if (expected === 'comma or end') {
      if (char !== ',') return at;
      at++;
      expected = open[open.length - 1] === '{' ? 'key' : 'value';
    } else if (expected === 'colon') {
      if (char !== ':') return at;
      at++;
      expected = 'value';
    } else if (char === '"') {
      const end = endOfString(text, at);
      if (!end.closed) return end.at;
      at = end.at;
      expected = expected.startsWith('key') ? 'colon' : afterValue();
    } else if (expected.startsWith('key')) return at;
    else if (char === '[' || char === '{') {
      open.push(char);
      at++;
      expected = char === '[' ? 'value or end' : 'key or end';
    } else {
      const end = match(SCALAR, text, at);
      if (end === at) return at;
      at = end;
      expected = afterValue();
    }
  }
}

/** The end of a match that begins at `at`; `at` itself where there is none. */
function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function endOfString(text: string, quote: number): { readonly closed: boolean; readonly at: number } {
  let at = quote + 1;
  for (;;) {
    at = match(PLAIN, text, at);
    if (text[at] === '"') return { closed: true, at: at + 1 };
    const end = match(ESCAPE, text, at);
    if (end === at) return { closed: false, at };
    at = end;
  }
}
