// Servers for the tests, each on a free port of loopback.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Starts a server that `handler` answers for; `{ server, host, port, connections }` with a count of connections made. */
export async function startHttp(t, handler) {
  return started(t, http.createServer(handler));
}

/** The same with TLS, and the path of its certificate's file. */
export async function startHttps(t, handler, options = {}) {
  const certificate = makeCertificate(t, options.names);
  return { ...(await started(t, https.createServer({ ...certificate, ...options }, handler))), ...certificate };
}

/** A port that answers whatever comes with `text`, and ends. */
export async function startRaw(t, text) {
  return started(t, createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(text))));
}

// Every name is one of this machine, as far as the proxy knows.
const nearby = (url) => ({ host: '127.0.0.1', port: Number(new URL(url).port) });

/** An HTTP proxy; `asked` collects the first lines of what it was asked for, with the password. */
export async function startProxy(t) {
  const asked = [];
  const note = ({ method, url, headers }) => asked.push([method, url, headers['proxy-authorization']]);
  const server = http.createServer((request, response) => {
    note(request);
    const onward = http.request({ ...nearby(request.url), path: new URL(request.url).pathname, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    note(request);
    const { host, port } = nearby(`http://${request.url}`);
    const onward = connect(port, host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => {});
  });
  return { ...(await started(t, server)), asked };
}

/** Starts a server on a free port, and closes it after the test. */
export async function started(t, server) {
  const running = { server, connections: 0 };
  const sockets = new Set();
  server.on('connection', (socket) => {
    running.connections += 1;
    sockets.add(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address();
  return Object.assign(running, { port, host: `127.0.0.1:${port}` });
}

/** A certificate that signs itself, with its key: `{ key, cert, file, keyFile }`. */
export function makeCertificate(t, names = 'IP:127.0.0.1,DNS:localhost') {
  const folder = mkdtempSync(join(tmpdir(), 'tallyman-certificate-'));
  const [file, keyFile] = ['cert.pem', 'key.pem'].map((name) => join(folder, name));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=test', '-addext', `subjectAltName=${names}`, '-keyout', keyFile, '-out', file],
  ], { stdio: 'pipe' });
  return { key: readFileSync(keyFile), cert: readFileSync(file), file, keyFile };
}
