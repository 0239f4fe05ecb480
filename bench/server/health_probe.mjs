// A probe as an orchestrator sends it: a new connection each time, one every 20 ms, one after the other. Prints a line of JSON.
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 20;
/** The first ones show how this client starts. */
const UNCOUNTED = 5;
const [port, path, seconds] = process.argv.slice(2);
const times = [];
let failed = 0;
for (let i = 0; i < UNCOUNTED; i++) await healthy();
const end = performance.now() + 1000 * Number(seconds);

while (performance.now() < end) {
  const start = performance.now();
  if (await healthy()) times.push(performance.now() - start);
  else failed++;
  await sleep(Math.max(0, EVERY_MS - (performance.now() - start)));
}
times.sort((a, b) => a - b);
const at = p => times[Math.min(times.length - 1, Math.floor(p * times.length))];
console.log(JSON.stringify({ probes: times.length + failed, failed, p50: at(0.5), p99: at(0.99), max: times.at(-1) }));

function healthy() {
  return new Promise(resolve => {
    const request = get({ host: '127.0.0.1', port, path, agent: false, timeout: 10_000 }, response => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
    });
    request.once('error', () => resolve(false));
    request.once('timeout', () => request.destroy());
  });
}
