// Single requests: until a server answers, and to see that its answers are right.
import { request } from 'node:http';
import { answerNumbers } from './encodings.mjs';

const TOLERANCE = 1e-4;

/** Resolves with status and body, or undefined where nothing answered. */
export function post(port, { path, contentType, headers }, body, timeoutMs = 30_000) {
  return new Promise(resolve => {
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent: false, timeout: timeoutMs }, response => {
      const chunks = [];
      response.on('data', chunk => chunks.push(chunk));
      response.once('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks) }));
      response.once('error', () => resolve(undefined));
    });
    sent.once('error', () => resolve(undefined));
    sent.once('timeout', () => sent.destroy());
    for (const [name, value] of Object.entries({ 'Content-Type': contentType, 'Content-Length': body.length, ...headers })) {
      sent.setHeader(name, value);
    }
    sent.end(body);
  });
}

/** Sends the samples, eight at a time, so that batches mix them. @throws at the first answer that is not the expected one. */
export async function verify(port, endpoint, shape, samples) {
  const queue = [...samples.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await verifyOne(port, endpoint, shape, ...next);
  };
  await Promise.all(Array.from({ length: Math.min(8, samples.length) }, worker));
}

async function verifyOne(port, endpoint, shape, index, { input, expected }) {
  const answer = await post(port, endpoint, endpoint.body(input, shape));
  if (answer === undefined) throw new Error(`sample ${index}: no answer`);
  const text = answer.body.toString();
  if (answer.status !== 200) throw new Error(`sample ${index}: status ${answer.status}: ${text.slice(0, 150)}`);
  if (endpoint.answerKey && !(endpoint.answerKey in JSON.parse(text)))
    throw new Error(`the script did not run: ${text.slice(0, 150)}`);
  const got = answerNumbers(text);
  const right = got.length === expected.length && got.every((value, i) => Math.abs(value - expected[i]) <= TOLERANCE);
  if (!right) throw new Error(`sample ${index}: wrong answer ${text.slice(0, 150)}, expected ${expected.join(', ')}`);
}
