// The limit of HTTP in Node.js: reads the body, answers a constant.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const reply = readFileSync(process.env.REPLY_FILE);
const headers = { 'Content-Type': 'application/json', 'Content-Length': reply.length };

createServer((request, response) => {
  request.resume();
  request.once('end', () => response.writeHead(200, headers).end(reply));
}).listen(Number(process.env.PORT), '127.0.0.1');
