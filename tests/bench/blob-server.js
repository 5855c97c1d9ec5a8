// A registry with one blob of so many bytes, in a process of its own. Prints its host and the blob's digest.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const size = Number(process.argv[2]);
const piece = Buffer.alloc(1024 * 1024, 'a layer');
const hash = createHash('sha256');
for (let at = 0; at < size; at += piece.length) hash.update(piece);
const digest = `sha256:${hash.digest('hex')}`;

const server = createServer((request, response) => {
  response.writeHead(200, { 'content-length': size });
  if (request.method === 'HEAD') return response.end();
  let left = size;
  const write = () => {
    while (left > 0) {
      left -= piece.length;
      if (!response.write(piece)) return response.once('drain', write);
    }
    return response.end();
  };
  return write();
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ host: `127.0.0.1:${server.address().port}`, digest })));
