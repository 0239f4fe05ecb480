import { isUtf8 } from 'buffer';
import { jsonFaultAt } from './json-fault';
import { ScriptInputError } from './script-error';

/** Deeper values exhaust the stack of whatever walks them. */
const MAX_DEPTH = 512;
/** Shorter bodies are cheap to build, however deep. */
const COUNT_DEPTH_FROM_BYTES = 64 * 1024;

/** Reads a JSON body. @throws ScriptInputError (400) that says where it stops being JSON. */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) throw new ScriptInputError(400, 'The body is empty; it must be JSON.');
  if (!isUtf8(body)) throw new ScriptInputError(400, 'The body is not UTF-8.');
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  const text = body.toString('utf8', marked ? 3 : 0);
  if (body.length >= COUNT_DEPTH_FROM_BYTES && nestsTooDeep(body)) {
    throw new ScriptInputError(400, `The body nests deeper than ${MAX_DEPTH} levels.`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new ScriptInputError(400, `The body is not JSON: ${fault(text)}.`);
  }
}

function fault(text: string): string {
  const at = jsonFaultAt(text);
  const before = text.slice(0, at).split('\n');
  const place = `at position ${at} (line ${before.length}, column ${before[before.length - 1].length + 1})`;
  return at >= text.length ? `it ends too early, ${place}` : `unexpected ${JSON.stringify(text[at])} ${place}`;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts brackets outside of strings; builds nothing. */
function nestsTooDeep(json: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}
