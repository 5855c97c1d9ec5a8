import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { NodeTransport } from '../node/transport.js';
import { startHttp, startHttps, startProxy, startRaw } from './servers.js';

const ok = (_request, response) => response.end('fine');
const get = (url, more) => ({ method: 'GET', url, ...more });
const text = ({ body }) => Buffer.from(body).toString();

async function until(isSo) {
  while (!isSo()) await pause(1);
}

function transportFor(t, options) {
  const transport = new NodeTransport({ env: {}, certificates: '/nonexistent', ...options });
  t.after(() => transport.close());
  return transport;
}

test('a request carries method, headers and body, and the answer comes whole', async (t) => {
  const { host } = await startHttp(t, async (request, response) => {
    const body = [];
    for await (const piece of request) body.push(piece);
    response.writeHead(201, 'Made', [['X-One', 'a'], ['X-One', 'b']].flat());
    response.end(JSON.stringify([request.method, request.url, request.headers.host, request.headers['x-in'], Buffer.concat(body).toString()]));
  });
  const headers = [['X-In', 'yes']];
  const answer = await transportFor(t).request({ method: 'PUT', url: `http://${host}/v2/?a=b%20c`, headers, body: Buffer.from('bytes') });
  assert.deepEqual([answer.status, answer.statusText, answer.url], [201, 'Made', `http://${host}/v2/?a=b%20c`]);
  assert.deepEqual(answer.headers.filter(([name]) => name === 'X-One'), [['X-One', 'a'], ['X-One', 'b']]);
  assert.ok(answer.body instanceof Uint8Array);
  assert.deepEqual(JSON.parse(text(answer)), ['PUT', '/v2/?a=b%20c', host, 'yes', 'bytes']);
});

test('an Accept header for each type arrives as a line for each', async (t) => {
  const { host } = await startHttp(t, (request, response) => response.end(JSON.stringify(request.rawHeaders)));
  const answer = await transportFor(t).request(get(`http://${host}/`, { headers: [['Accept', 'a/b'], ['Accept', 'c/d']] }));
  const raw = JSON.parse(text(answer));
  assert.deepEqual(raw.filter((_, at) => raw[at - 1] === 'Accept'), ['a/b', 'c/d']);
});

test('a POST without a body says that it has none', async (t) => {
  const { host } = await startHttp(t, (request, response) => response.end(request.headers['content-length']));
  assert.equal(text(await transportFor(t).request({ method: 'POST', url: `http://${host}/` })), '0');
});

test('requests one after the other share a connection', async (t) => {
  const server = await startHttp(t, ok);
  const transport = transportFor(t);
  for (let times = 0; times < 5; times++) await transport.request(get(`http://${server.host}/`));
  assert.equal(server.connections, 1);
});

test('a kept connection that the server closed is replaced', async (t) => {
  const server = await startHttp(t, ok);
  const transport = transportFor(t);
  await transport.request(get(`http://${server.host}/`));
  server.server.prependOnceListener('request', (request) => request.socket.destroy());
  assert.equal(text(await transport.request(get(`http://${server.host}/`))), 'fine');
  assert.equal(server.connections, 2);
});

test('no more than 32 connections are open to one origin', async (t) => {
  let open = 0;
  let most = 0;
  let begin;
  const begun = new Promise((resolve) => (begin = resolve));
  const { host } = await startHttp(t, async (_request, response) => {
    most = Math.max(most, (open += 1));
    // Requests beyond the limit would arrive meanwhile.
    if (open === 32) setTimeout(begin, 100);
    await Promise.race([begun, pause(10_000, undefined, { ref: false })]);
    open -= 1;
    response.end();
  });
  const transport = transportFor(t);
  await Promise.all(Array.from({ length: 80 }, () => transport.request(get(`http://${host}/`))));
  assert.equal(most, 32);
});

test('connections that were opened ahead are used by the requests that come', async (t) => {
  const server = await startHttp(t, ok);
  const transport = transportFor(t);
  transport.preconnect(`http://${server.host}/`, { requests: 5 });
  await until(() => server.connections === 5);
  await Promise.all(Array.from({ length: 5 }, () => transport.request(get(`http://${server.host}/`))));
  transport.preconnect(`http://${server.host}/`, { requests: 5 });
  await transport.request(get(`http://${server.host}/`));
  assert.equal(server.connections, 5);
});

test('an address that is no URL opens nothing ahead, and is the error of its request', async (t) => {
  const transport = transportFor(t);
  transport.preconnect('https://reg.example:99999/', { requests: 1 });
  await assert.rejects(transport.request(get('https://reg.example:99999/')), { message: 'Invalid URL' });
});

test('connections that were opened ahead speak TLS or plain HTTP, as the server does', async (t) => {
  const plain = await startHttp(t, ok);
  const transport = transportFor(t);
  transport.preconnect(`https://${plain.host}/`, { requests: 3 });
  await assert.rejects(transport.request(get(`https://${plain.host}/`)), { kind: 'plain-http' });
  await Promise.all([1, 2].map(() => transport.request(get(`http://${plain.host}/`))));
  assert.equal(plain.connections, 3);

  const secure = await startHttps(t, ok);
  let secured = 0;
  secure.server.on('secureConnection', () => (secured += 1));
  transport.preconnect(`https://${secure.host}/`, { insecure: true, requests: 3 });
  const one = get(`https://${secure.host}/`, { insecure: true });
  await transport.request(one);
  await until(() => secured === 3);
  await Promise.all([1, 2, 3].map(() => transport.request(one)));
  assert.equal(secured, 3);
});

test('TLS is begun ahead for those requests alone that are sure to come', async (t) => {
  for (const [handshakes, expected] of [[0, 1], [1, 1], [3, 3]]) {
    const secure = await startHttps(t, ok);
    let [opened, secured] = [0, 0];
    secure.server.on('connection', () => (opened += 1)).on('secureConnection', () => (secured += 1));
    const transport = transportFor(t);
    transport.preconnect(`https://${secure.host}/`, { insecure: true, requests: 4, handshakes });
    await transport.request(get(`https://${secure.host}/`, { insecure: true }));
    await until(() => opened >= 4 && secured >= expected);
    await pause(50);
    assert.deepEqual([opened, secured], [4, expected]);
  }
});

test('a kept connection is closed when nobody has used it for a while', async (t) => {
  const { host, server } = await startHttp(t, ok);
  server.keepAliveTimeout = 0;
  const transport = transportFor(t, { idleMs: 400 });
  const open = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
  for (let use = 0; use < 3; use++) {
    await transport.request(get(`http://${host}/`));
    await pause(200);
    assert.equal(await open(), 1);
  }
  for (let waited = 0; (await open()) > 0; waited += 10) {
    assert.ok(waited < 2000, 'the connection is still open');
    await pause(10);
  }
});

test('a connection that was opened ahead and closed by the server is not used', async (t) => {
  const server = await startHttp(t, ok);
  const transport = transportFor(t);
  const opened = once(server.server, 'connection');
  transport.preconnect(`http://${server.host}/`, { requests: 1 });
  const [socket] = await opened;
  socket.resume().end();
  await once(socket, 'close');
  assert.equal(text(await transport.request(get(`http://${server.host}/`))), 'fine');
});

test('a redirect is an answer', async (t) => {
  const { host } = await startHttp(t, (_request, response) => response.writeHead(307, { Location: '/there' }).end());
  const answer = await transportFor(t).request(get(`http://${host}/`));
  assert.equal(answer.status, 307);
  assert.deepEqual(answer.headers.find(([name]) => name === 'Location'), ['Location', '/there']);
});

test('a certificate that nobody vouches for is refused, unless the registry is insecure', async (t) => {
  const server = await startHttps(t, ok);
  const transport = transportFor(t);
  await assert.rejects(transport.request(get(`https://${server.host}/`)), {
    kind: 'tls',
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    message: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  });
  assert.equal(text(await transport.request(get(`https://${server.host}/`, { insecure: true }))), 'fine');
  await assert.rejects(transport.request(get(`https://${server.host}/`)), { kind: 'tls' });
});

test('a certificate for another name is refused with both names', async (t) => {
  const { host, cert } = await startHttps(t, ok, { names: 'DNS:other.test' });
  const certificates = mkdtempSync(join(tmpdir(), 'tallyman-certs-'));
  mkdirSync(join(certificates, host));
  writeFileSync(join(certificates, host, 'ca.crt'), cert);
  await assert.rejects(transportFor(t, { certificates }).request(get(`https://${host}/`)), {
    kind: 'tls',
    message: 'tls: failed to verify certificate: x509: certificate is valid for other.test, not 127.0.0.1',
  });
});

test('an authority kept for one registry is trusted there', async (t) => {
  const { host, file } = await startHttps(t, ok);
  const certificates = mkdtempSync(join(tmpdir(), 'tallyman-certs-'));
  mkdirSync(join(certificates, host));
  copyFileSync(file, join(certificates, host, 'ca.crt'));
  assert.equal(text(await transportFor(t, { certificates }).request(get(`https://${host}/`))), 'fine');
});

test('a client certificate kept for one registry is shown there, and one without its key is an error', async (t) => {
  const shows = (request, response) => response.end(request.socket.getPeerCertificate().subject?.CN);
  const { host, cert, key } = await startHttps(t, shows, { requestCert: true, rejectUnauthorized: false });
  const certificates = mkdtempSync(join(tmpdir(), 'tallyman-certs-'));
  const folder = join(certificates, host);
  mkdirSync(folder);
  writeFileSync(join(folder, 'me.cert'), cert);
  await assert.rejects(transportFor(t, { certificates }).request(get(`https://${host}/`, { insecure: true })), {
    message: 'missing key me.key for client certificate me.cert. CA certificates must use the extension .crt',
  });
  writeFileSync(join(folder, 'me.key'), key);
  assert.equal(text(await transportFor(t, { certificates }).request(get(`https://${host}/`, { insecure: true }))), 'test');
});

for (const [who, answer] of [
  ['Go', 'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request'],
  ['nginx', 'HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n'],
  ['an old server', 'HTTP/1.0 400 Bad request\r\n\r\n'],
]) {
  test(`TLS to a port of ${who} that speaks plain HTTP is named, at the price of one hello`, async (t) => {
    const server = await startRaw(t, answer);
    const transport = transportFor(t);
    const asked = Array.from({ length: 8 }, () => transport.request(get(`https://${server.host}/v2/`, { insecure: true })));
    for (const outcome of await Promise.allSettled(asked)) {
      assert.equal(outcome.reason.kind, 'plain-http');
      assert.equal(outcome.reason.message, 'http: server gave HTTP response to HTTPS client');
    }
    await assert.rejects(transport.request(get(`https://${server.host}/v2/`, { insecure: true })), { kind: 'plain-http' });
    assert.equal(server.connections, 1);
  });
}

test('a port where nobody listens', async (t) => {
  const { server, port } = await startHttp(t, ok);
  server.close();
  await assert.rejects(transportFor(t).request(get(`https://127.0.0.1:${port}/`)), {
    kind: 'refused',
    message: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    address: '127.0.0.1',
    port,
  });
});

test('a name that nobody knows', async (t) => {
  await assert.rejects(transportFor(t).request(get('https://registry.invalid/')), ({ kind, message }) => {
    assert.equal(kind, 'dns');
    assert.match(message, /^dial tcp: lookup registry\.invalid( on \S+:\d+)?: (no such host|server misbehaving)$/);
    return true;
  });
});

test('a connection that breaks before the answer, and one that breaks in it', async (t) => {
  const { host } = await startHttp(t, (request, response) => {
    if (request.url === '/before') return request.socket.destroy();
    response.writeHead(200, { 'Content-Length': 100 });
    response.write('half');
    setTimeout(() => request.socket.destroy(), 20);
  });
  const transport = transportFor(t);
  await assert.rejects(transport.request({ method: 'POST', url: `http://${host}/before` }), { kind: 'reset' });
  await assert.rejects(transport.request(get(`http://${host}/in`)), { kind: 'reset', message: 'unexpected EOF' });
});

test('a connection that ends during the TLS handshake, and one that ends behind it', async (t) => {
  const { host } = await startRaw(t, '');
  await assert.rejects(transportFor(t).request(get(`https://${host}/`)), { kind: 'handshake', message: 'EOF' });
  const secure = await startHttps(t, (request) => request.socket.destroy());
  const transport = transportFor(t, { env: { SSL_CERT_FILE: secure.file } });
  await assert.rejects(transport.request({ method: 'POST', url: `https://${secure.host}/` }), { kind: 'reset' });
});

test('an abort ends a request, before it is sent, before the answer and in it', async (t) => {
  const { host } = await startHttp(t, (request, response) => {
    if (request.url === '/in') response.writeHead(200, { 'Content-Length': 100 }).write('half');
  });
  const transport = transportFor(t);
  for (const path of ['/before', '/in']) {
    const signal = AbortSignal.timeout(50);
    await assert.rejects(transport.request(get(`http://${host}${path}`, { signal })), { kind: 'aborted' });
  }
  await assert.rejects(transport.request(get(`http://${host}/`, { signal: AbortSignal.abort() })), { kind: 'aborted' });
});

test('a body can be read while it comes, and left', async (t) => {
  const { host, server } = await startHttp(t, async (_request, response) => {
    response.on('error', () => {});
    for (let piece = 0; !response.destroyed && piece < 1000; piece++) {
      response.write(`${piece} `);
      await pause(5);
    }
    response.end();
  });
  const left = new AbortController();
  const { body } = await transportFor(t).request(get(`http://${host}/`, { pieces: true, signal: left.signal }));
  assert.match(Buffer.from(await body.next()).toString(), /^0 /);
  const open = () => new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
  assert.equal(await open(), 1);
  left.abort();
  for (let waited = 0; (await open()) > 0; waited += 10) {
    assert.ok(waited < 2000, 'the connection is still open');
    await pause(10);
  }
});

test('a body that nobody reads may break, encoded or not', async (t) => {
  for (const encoding of ['identity', 'gzip']) {
    let response;
    const { host } = await startHttp(t, (_request, answer) => {
      response = answer;
      answer.writeHead(200, { 'Content-Encoding': encoding });
      answer.write(gzipSync('some'));
    });
    const faults = [];
    const onfault = (error) => faults.push(error.message);
    process.on('uncaughtException', onfault);
    const { body } = await transportFor(t).request(get(`http://${host}/`, { pieces: true }));
    response.destroy();
    await pause(50);
    process.off('uncaughtException', onfault);
    assert.deepEqual(faults, [], encoding);
    await assert.rejects(body.next().then(() => body.next()), { kind: 'reset' });
  }
});

test('bodies that are read piece by piece keep no other request waiting', async (t) => {
  let open = 0;
  const { host } = await startHttp(t, (request, response) => {
    if (request.url === '/') return response.end('fine');
    open += 1;
    response.on('close', () => (open -= 1));
    return response.write('begun');
  });
  const transport = transportFor(t);
  const left = Array.from({ length: 40 }, () => new AbortController());
  const streams = await Promise.all(left.map(({ signal }) => transport.request(get(`http://${host}/stream`, { pieces: true, signal }))));
  for (const { body } of streams) assert.equal(Buffer.from(await body.next()).toString(), 'begun');
  const { body } = await transport.request(get(`http://${host}/`, { pieces: true, signal: AbortSignal.timeout(5_000) }));
  assert.deepEqual([Buffer.from(body).toString(), open], ['fine', 40]);
  for (const each of left) each.abort();
  await until(() => open === 0);
});

test('plain HTTP goes through the proxy by its full URL, TLS through a tunnel, and loopback is reached straight', async (t) => {
  const proxy = await startProxy(t);
  const plain = await startHttp(t, ok);
  const secure = await startHttps(t, ok, { names: 'DNS:registry.test' });
  const setting = `http://alice:s%233cret@${proxy.host}`;
  const password = `Basic ${Buffer.from('alice:s#3cret').toString('base64')}`;
  const env = { HTTP_PROXY: setting, https_proxy: setting };
  const transport = transportFor(t, { env });

  assert.equal(text(await transport.request(get(`http://registry.test:${plain.port}/v2/?q`))), 'fine');
  assert.equal(text(await transport.request(get(`https://registry.test:${secure.port}/`, { insecure: true }))), 'fine');
  assert.equal(text(await transport.request(get(`http://${plain.host}/`))), 'fine');
  assert.deepEqual(proxy.asked, [
    ['GET', `http://registry.test:${plain.port}/v2/?q`, password],
    ['CONNECT', `registry.test:${secure.port}`, password],
  ]);
});

test('a proxy that is down says that it is the proxy', async (t) => {
  const { server, host } = await startHttp(t, ok);
  server.close();
  const transport = transportFor(t, { env: { HTTPS_PROXY: host } });
  await assert.rejects(transport.request(get('https://registry.test/')), {
    kind: 'refused',
    message: `proxyconnect tcp: dial tcp ${host}: connect: connection refused`,
  });
});
