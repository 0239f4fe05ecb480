// A scoring server of a few lines with faults to order: what the profiler must notice, without a model that has it.
const fs = require('fs');
const http = require('http');

const order = name => Number(process.env[`FIXTURE_${name}`] ?? 0);
const held = [];
const isLimited = process.platform === 'linux' && memoryLimit() < 2 ** 50;
let answered = 0;
let runs = 0;
let connections = 0;

if (process.env.FIXTURE_BROKEN) {
  process.stderr.write(`${process.env.FIXTURE_BROKEN}\n`);
  process.exit(3);
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', () => answer(Buffer.concat(chunks).toString('utf8'), response));
});
server.keepAliveTimeout = 60_000;
server.on('connection', socket => {
  connections++;
  if (order('CONNECTION_MB') > 0 && connections > 8) held.push(Buffer.alloc(order('CONNECTION_MB') * 1024 ** 2, 1));
  socket.once('close', () => connections--);
});

if (process.env.MODEL_SERVING_METRICS_PORT !== undefined) {
  const metrics = http.createServer((_, response) => response.end(`batch_size_count ${runs}\nbatch_size_sum ${answered}\n`));
  metrics.listen(0, '127.0.0.1', () => say({ event: 'metrics', port: metrics.address().port }));
}

const say = line => process.stdout.write(`${JSON.stringify(line)}\n`);

function answer(body, response) {
  answered++;
  if (order('EXIT_AFTER') > 0 && answered > order('EXIT_AFTER')) process.exit(7);
  if (order('GROW_MB') > 0 && (!process.env.FIXTURE_GROW_LIMITED || isLimited))
    held.push(Buffer.alloc(order('GROW_MB') * 1024 ** 2, 1));
  if (body.includes('reject')) {
    response.writeHead(400, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ message: 'the field "image" is missing' }));
  }
  if (body.includes('break')) {
    response.writeHead(500, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ message: 'division by zero' }));
  }
  // as if many at once shared a run
  const shared = order('BATCH') > 0 && connections > 2 ? order('BATCH') : 1;
  runs += 1 / shared;
  // dearer by the same share each time, which is as steeply over time however fast the machine is
  spin((order('CPU_MS') * (1 + order('CPU_GROWTH')) ** answered) / shared);
  const stall = answered === order('STALL_AT') ? order('STALL_MS') : 0;
  if (stall > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stall);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end('{"output":[1]}');
}

/** Bytes that this process's control group allows, of either version. */
function memoryLimit() {
  for (const line of fs.readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const [, controllers, group] = line.split(':');
    const file =
      controllers === 'memory' ? `/sys/fs/cgroup/memory${group}/memory.limit_in_bytes` : `/sys/fs/cgroup${group}/memory.max`;
    if ((controllers === 'memory' || controllers === '') && fs.existsSync(file))
      return Number(fs.readFileSync(file, 'utf8')) || Infinity;
  }
  return Infinity;
}

/** Work that costs the same CPU time whoever else runs: time on the wall would be cheaper on a busy machine. */
function spin(ms) {
  const start = process.cpuUsage();
  let used = 0;
  while (used < ms * 1000) {
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  }
}

server.listen(0, '127.0.0.1', () => {
  const scoringUri = `http://127.0.0.1:${server.address().port}/score`;
  say({ event: 'listening', scoringUri, port: server.address().port });
});
