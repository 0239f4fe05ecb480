// Answers at once, except that one request stops it for a second: what every request then waits can be computed.
const http = require('http');

const [stallAt, stallMs] = process.argv.slice(2).map(Number);
let answered = 0;

const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    answered++;
    if (answered === stallAt) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
    response.end('{}');
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}/score\n`));
