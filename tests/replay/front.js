// The server at the recorded host: it notes every request, asks for passwords and tokens, and passes on the rest to
// the registry behind it.

import * as http from 'node:http';
import * as https from 'node:https';
import { createServer } from 'node:net';
import { selfSigned } from './certificate.js';

// Go's answers to the wrong protocol, word for word: clients tell by them what they have met.
const httpAnswerToTls =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request';
const tlsAnswerToHttp = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';
const tlsHandshake = 0x16;

/**
 * Listens on `host` ("ADDRESS:PORT"; port 5078 speaks TLS, others plain HTTP) and passes requests on to
 * 127.0.0.1:`backend`, unless `challenge(request, url)` gives an answer of its own: `{ status, headers, body }`.
 */
export async function startFront({ host, backend, challenge }) {
  const { hostname, port } = new URL(`http://${host}`);
  const secure = isSecure(host);
  const rows = [];
  const sockets = new Set();
  const handler = (incoming, response) => answer(incoming, response, { rows, backend, challenge, secure });
  const server = secure ? https.createServer(selfSigned(), handler) : http.createServer(handler);
  if (secure) {
    server.on('tlsClientError', () => rows.push({ tls_handshake_refused_by_client: true }));
    server.on('secureConnection', (socket) => {
      // With TLS 1.3 a client may look at the certificate when the handshake is over for the server.
      socket.on('close', () => {
        if (!socket.served) rows.push({ tls_handshake_refused_by_client: true });
      });
    });
  }
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (first) => {
      if ((first[0] === tlsHandshake) !== secure) return wrongProtocol(socket, first, rows);
      socket.pause();
      socket.unshift(first);
      server.emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
  await listen(listener, hostname, Number(port));
  return {
    /** The requests since the last call, when all connections are closed. */
    async take() {
      for (let waited = 0; sockets.size > 0 && waited < 1000; waited += 5) await pause(5);
      return rows.splice(0);
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** `true` if the recorded host speaks TLS. */
export const isSecure = (host) => host.endsWith(':5078');

function wrongProtocol(socket, first, rows) {
  if (first[0] !== tlsHandshake) {
    rows.push({ plain_http_on_tls_port: first.toString('latin1').split(' HTTP/')[0], status: 400 });
    socket.end(tlsAnswerToHttp);
  } else {
    rows.push({ tls_hello_on_plain_port: true });
    socket.end(httpAnswerToTls);
  }
}

function answer(incoming, response, { rows, backend, challenge, secure }) {
  incoming.socket.served = true;
  const url = new URL(incoming.url, 'http://front');
  const row = describe(incoming, url);
  rows.push(row);
  const pieces = [];
  incoming.on('data', (piece) => pieces.push(piece));
  incoming.on('end', () => {
    const body = Buffer.concat(pieces);
    if (body.length) row.body_bytes = body.length;
    const own = challenge?.(incoming, url, body);
    if (own) {
      row.status = own.status;
      response.writeHead(own.status, own.headers).end(own.body);
      return;
    }
    const headers = { ...incoming.headers, 'x-forwarded-proto': secure ? 'https' : 'http' };
    const onward = http.request({ host: '127.0.0.1', port: backend, method: incoming.method, path: incoming.url, headers });
    onward.on('response', (result) => {
      row.status = result.statusCode;
      response.writeHead(result.statusCode, result.rawHeaders);
      result.pipe(response);
    });
    onward.on('error', () => response.destroy());
    onward.end(body);
  });
}

function describe({ method, headers, rawHeaders }, url) {
  const row = { method, path: url.pathname };
  const query = {};
  for (const [name, value] of url.searchParams) {
    query[name] = name in query ? [query[name], value].flat().sort() : value;
  }
  if (Object.keys(query).length) row.query = Object.fromEntries(Object.entries(query).sort());
  const accept = rawHeaders.filter((_, at) => at % 2 && rawHeaders[at - 1].toLowerCase() === 'accept');
  if (accept.length) row.accept = accept.flatMap((line) => line.split(/,\s*/)).sort();
  if (headers['content-type']) row.content_type = headers['content-type'];
  if (headers.authorization) row.authorization = headers.authorization.split(' ')[0];
  row.user_agent = headers['user-agent'];
  return row;
}

// Another replay on this machine may hold the port for as long as one scenario takes.
async function listen(listener, host, port) {
  for (let tries = 0; ; tries++) {
    try {
      await new Promise((resolve, reject) => {
        listener.once('error', reject);
        listener.listen(port, host, () => {
          listener.off('error', reject);
          resolve();
        });
      });
      return;
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || tries === 300) throw error;
      await pause(100);
    }
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
