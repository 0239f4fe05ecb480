// One keep-alive connection, one request at a time. Prints a line of JSON, times in milliseconds.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const [port, requestFile, seconds] = process.argv.slice(2);
const request = readFileSync(requestFile);
const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
const times = new Float64Array(4_000_000);
const WARM_UP = 2000;
let count = -WARM_UP;
let expected = 0;
let bodyLength;
let received = 0;
let sentAt = 0;
let end = Infinity;

socket.once('connect', send);
socket.on('data', chunk => {
  if (received === 0) expected = answerLength(chunk);
  received += chunk.length;
  if (received < expected) return;
  const now = performance.now();
  if (count === 0) end = now + 1000 * Number(seconds);
  if (count++ >= 0) times[count - 1] = now - sentAt;
  if (now > end || count === times.length) report();
  else send();
});
socket.once('close', report);

function send() {
  received = 0;
  sentAt = performance.now();
  socket.write(request);
}

/** Heads differ in length, bodies do not: the same request has the same answer, whose length is read once. */
function answerLength(chunk) {
  bodyLength ??= contentLength(chunk.toString('latin1'));
  return chunk.indexOf('\r\n\r\n') + 4 + bodyLength;
}

function contentLength(text) {
  const length = /^HTTP\/1\.1 200 [\s\S]*?content-length: (\d+)/i.exec(text);
  if (length === null) throw new Error(`not what this client reads: ${text.slice(0, 200)}`);
  return Number(length[1]);
}

function report() {
  const sorted = times.subarray(0, Math.max(0, count)).sort();
  const at = p => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
  console.log(JSON.stringify({ rate: sorted.length / Number(seconds), p50: at(0.5), p99: at(0.99), max: sorted.at(-1) }));
  process.exit(0);
}
