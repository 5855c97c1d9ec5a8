// Networks, certificates and servers as people have them: what Go's client takes, this transport takes.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { runHelper } from '../node/helper.js';
import { NodeTransport } from '../node/transport.js';
import { startHttp, startHttps, startProxy, startRaw, started } from './servers.js';

const ok = (_request, response) => response.end('fine');
const get = (url, more) => ({ method: 'GET', url, ...more });
const text = ({ body }) => Buffer.from(body).toString();

function transportFor(t, options) {
  const transport = new NodeTransport({ env: {}, certificates: '/nonexistent', ...options });
  t.after(() => transport.close());
  return transport;
}

function makeFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'tallyman-surroundings-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A resolver for which every name has these addresses. */
const resolverOf = (...addresses) => (_host, _options, callback) =>
  setImmediate(callback, null, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

test('of several addresses the one that answers is used, wherever it stands', async (t) => {
  const { port } = await startHttp(t, ok);
  for (const addresses of [['127.0.0.1', '::1'], ['::1', '127.0.0.1'], ['127.0.0.2', '::1', '127.0.0.1']]) {
    const transport = transportFor(t, { lookup: resolverOf(...addresses) });
    assert.equal(text(await transport.request(get(`http://far.test:${port}/`))), 'fine', addresses.join());
  }
});

test('an address that is slow is not given up while others are tried', async (t) => {
  // 192.0.2.1 is for documentation: nothing answers there. What answers comes after it.
  const { port } = await startHttp(t, ok);
  const transport = transportFor(t, { lookup: resolverOf('192.0.2.1', '127.0.0.1') });
  assert.equal(text(await transport.request(get(`http://far.test:${port}/`))), 'fine');
});

test('where every address fails, the failure of the first is told', async (t) => {
  const { server, port } = await startHttp(t, ok);
  server.close();
  const transport = transportFor(t, { lookup: resolverOf('127.0.0.1', '127.0.0.2') });
  const message = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
  await assert.rejects(transport.request(get(`http://far.test:${port}/`)), { kind: 'refused', message });
});

test('the environment names authorities, one file or a folder of them, and faults there are passed over', async (t) => {
  const { host, file } = await startHttps(t, ok);
  const folder = makeFolder(t);
  copyFileSync(file, join(folder, 'own.pem'));
  writeFileSync(join(folder, 'noise.pem'), 'no certificate');
  const broken = join(makeFolder(t), 'bundle.pem');
  writeFileSync(broken, `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${readFileSync(file)}`);
  for (const env of [
    { SSL_CERT_FILE: file },
    { SSL_CERT_DIR: folder },
    { SSL_CERT_DIR: `/nonexistent:${folder}` },
    { NODE_EXTRA_CA_CERTS: file },
    { SSL_CERT_FILE: folder, NODE_EXTRA_CA_CERTS: file },
    { SSL_CERT_FILE: '/nonexistent', SSL_CERT_DIR: folder },
    { SSL_CERT_FILE: broken },
  ]) {
    assert.equal(text(await transportFor(t, { env }).request(get(`https://${host}/`))), 'fine', JSON.stringify(env));
  }
  await assert.rejects(transportFor(t).request(get(`https://${host}/`)), { kind: 'tls' });
});

test("the system's folders of authorities are read beside a file that is named, unless others are named", async (t) => {
  const { host, file } = await startHttps(t, ok);
  const foreign = await startHttps(t, ok);
  const folder = makeFolder(t);
  copyFileSync(file, join(folder, 'own.pem'));
  // The names by which OpenSSL finds certificates are links beside them.
  symlinkSync('own.pem', join(folder, '01234567.0'));
  const systemFolders = ['/nonexistent', folder];
  for (const env of [{}, { SSL_CERT_FILE: foreign.file }, { SSL_CERT_FILE: '/nonexistent' }]) {
    const transport = transportFor(t, { env, systemFolders });
    assert.equal(text(await transport.request(get(`https://${host}/`))), 'fine', JSON.stringify(env));
  }
  const elsewhere = transportFor(t, { env: { SSL_CERT_DIR: makeFolder(t) }, systemFolders });
  await assert.rejects(elsewhere.request(get(`https://${host}/`)), { kind: 'tls' });
});

test("a registry's folder of certificates is found with and without the usual port", async (t) => {
  const proxy = await startProxy(t);
  const { port, file } = await startHttps(t, ok, { names: 'DNS:registry.test' });
  // Every name leads here, to the port that is asked for.
  proxy.server.removeAllListeners('connect');
  proxy.server.on('connect', (_request, socket) => {
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => {});
  });
  for (const [name, url] of [['registry.test', 'https://registry.test'], ['registry.test:443', 'https://registry.test:443'], ['registry.test', 'https://registry.test:443'], ['registry.test:443', 'https://registry.test']]) {
    const folder = makeFolder(t);
    mkdirSync(join(folder, name));
    copyFileSync(file, join(folder, name, 'ca.crt'));
    const transport = transportFor(t, { certificates: folder, env: { HTTPS_PROXY: `http://${proxy.host}` } });
    assert.equal(text(await transport.request(get(`${url}/v2/`))), 'fine', `${name} for ${url}`);
  }
});

test('the certificates of a registry count for what is asked in its name, where the server has none of its own', async (t) => {
  const { host, file } = await startHttps(t, ok);
  const foreign = await startHttps(t, ok);
  const certificates = makeFolder(t);
  const keep = (name, from) => {
    mkdirSync(join(certificates, name));
    copyFileSync(from, join(certificates, name, 'ca.crt'));
  };
  keep('registry.test:5000', file);
  const transport = transportFor(t, { certificates });
  const inItsName = get(`https://${host}/token`, { certificatesOf: 'registry.test:5000' });
  assert.equal(text(await transport.request(inItsName)), 'fine');
  for (const more of [{}, { certificatesOf: 'other.test' }]) {
    await assert.rejects(transport.request(get(`https://${host}/token`, more)), { kind: 'tls' }, JSON.stringify(more));
  }
  keep(host, foreign.file);
  await assert.rejects(transportFor(t, { certificates }).request(inItsName), { kind: 'tls' });
});

test('a broken folder of certificates is told, and nothing keeps the program running', async (t) => {
  const { host, file } = await startHttps(t, ok);
  const foreign = await startHttps(t, ok);
  for (const [prepare, message] of [
    [(folder) => copyFileSync(file, join(folder, 'client.cert')), /missing key client\.key for client certificate client\.cert/],
    [(folder) => copyFileSync(file, join(folder, 'client.key')), /missing client certificate client\.cert for key client\.key/],
    [(folder) => mkdirSync(join(folder, 'ca.crt')), /open .*ca\.crt: is a directory/],
    [
      (folder) => {
        copyFileSync(file, join(folder, 'client.cert'));
        copyFileSync(join(dirname(foreign.file), 'key.pem'), join(folder, 'client.key'));
      },
      /private key does not match public key/,
    ],
  ]) {
    const certificates = makeFolder(t);
    mkdirSync(join(certificates, host));
    prepare(join(certificates, host));
    const program = `
      import { NodeTransport } from ${JSON.stringify(new URL('../node/transport.js', import.meta.url).href)};
      const transport = new NodeTransport({ env: {}, certificates: ${JSON.stringify(certificates)} });
      await transport.request({ method: 'GET', url: 'https://${host}/' }).catch((error) => console.log(error.message));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { timeout: 5_000 });
    assert.match(stdout, message);
  }
});

/** A SOCKS 5 proxy that takes names; `asked` collects user and target. */
async function startSocks(t, { password } = {}) {
  const asked = [];
  const server = createServer(async (socket) => {
    socket.on('error', () => {});
    const pieces = socket[Symbol.asyncIterator]();
    const next = async () => (await pieces.next()).value;
    const methods = await next();
    const method = password ? 2 : 0;
    if (!methods.subarray(2).includes(method)) return socket.end(Buffer.from([5, 0xff]));
    socket.write(Buffer.from([5, method]));
    let user;
    if (password) {
      const given = await next();
      user = given.toString('latin1', 2, 2 + given[1]);
      const isRight = given.toString('latin1', 3 + given[1]) === password;
      socket.write(Buffer.from([1, isRight ? 0 : 1]));
      if (!isRight) return socket.end();
    }
    const wanted = await next();
    const name = wanted.toString('latin1', 5, 5 + wanted[4]);
    asked.push([user, wanted[3] === 3 ? name : [...wanted.subarray(4, -2)].join('.')]);
    const onward = connect(wanted.readUInt16BE(wanted.length - 2), '127.0.0.1', () => {
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      onward.pipe(socket);
    });
    onward.on('error', () => socket.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])));
    for (let piece = await next(); piece; piece = await next()) onward.write(piece);
    onward.end();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  return { host: `127.0.0.1:${server.address().port}`, asked };
}

test('SOCKS proxies are used for TLS and plain HTTP, with and without a password', async (t) => {
  const plain = await startHttp(t, ok);
  const secure = await startHttps(t, ok);
  for (const [settings, user, scheme] of [[{}, '', 'socks5'], [{ password: 's#3' }, 'alice:s%233@', 'socks5h'], [{ password: '50%#3' }, 'alice:50%%233@', 'socks5']]) {
    const proxy = await startSocks(t, settings);
    const setting = `${scheme}://${user}${proxy.host}`;
    const transport = transportFor(t, { env: { HTTP_PROXY: setting, HTTPS_PROXY: setting } });
    assert.equal(text(await transport.request(get(`http://registry.test:${plain.port}/`))), 'fine');
    assert.equal(text(await transport.request(get(`https://registry.test:${secure.port}/`, { insecure: true }))), 'fine');
    const name = settings.password ? 'alice' : undefined;
    assert.deepEqual(proxy.asked, [[name, 'registry.test'], [name, 'registry.test']]);
  }
  const proxy = await startSocks(t, { password: 'right' });
  const wrong = transportFor(t, { env: { HTTP_PROXY: `socks5://alice:wrong@${proxy.host}` } });
  await assert.rejects(wrong.request(get(`http://registry.test:${plain.port}/`)), /^RequestFailure: socks connect tcp .*username\/password authentication failed$/);
});

test('a proxy may speak TLS itself', async (t) => {
  const target = await startHttps(t, ok);
  const proxy = await startHttps(t, ok);
  proxy.server.on('connect', (request, socket) => {
    const onward = connect(Number(request.url.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => {});
  });
  const env = { HTTPS_PROXY: `https://${proxy.host}`, HTTP_PROXY: `https://${proxy.host}`, NODE_EXTRA_CA_CERTS: proxy.file };
  const transport = transportFor(t, { env });
  assert.equal(text(await transport.request(get(`https://registry.test:${target.port}/`, { insecure: true }))), 'fine');
  assert.equal(text(await transport.request(get('http://registry.test/'))), 'fine');
});

test('certificates of every kind, client certificates and proxies of every kind work together', async (t) => {
  const plainProxy = await startProxy(t);
  const socks = await startSocks(t, { password: 'right' });
  const secureProxy = await startHttps(t, ok);
  secureProxy.server.on('connect', (request, socket) => {
    const onward = connect(Number(request.url.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => {});
  });
  const shows = (request, response) => response.end(request.socket.getPeerCertificate().subject?.CN ?? 'nobody');
  const registry = await startHttps(t, shows, { names: 'DNS:registry.test,IP:127.0.0.1', requestCert: true, rejectUnauthorized: false });
  const folderOfAuthorities = makeFolder(t);
  copyFileSync(registry.file, join(folderOfAuthorities, 'registry.pem'));
  copyFileSync(secureProxy.file, join(folderOfAuthorities, 'proxy.pem'));
  const bothInOneFile = join(makeFolder(t), 'both.pem');
  writeFileSync(bothInOneFile, `${registry.cert}\n${secureProxy.cert}`);
  const authorities = [
    { SSL_CERT_FILE: bothInOneFile },
    { SSL_CERT_DIR: folderOfAuthorities },
    { NODE_EXTRA_CA_CERTS: bothInOneFile },
    { SSL_CERT_FILE: registry.file, NODE_EXTRA_CA_CERTS: secureProxy.file },
    { SSL_CERT_FILE: secureProxy.file, SSL_CERT_DIR: '/nonexistent', ofRegistry: true },
    { NODE_EXTRA_CA_CERTS: secureProxy.file, ofRegistry: true },
  ];
  const proxies = [
    ['straight', {}],
    ['straight', { HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: 'registry.test' }],
    ['straight', { HTTPS_PROXY: 'http://127.0.0.1:1', no_proxy: `.example,*.other, registry.test:${registry.port}` }],
    ['http', { HTTPS_PROXY: `http://${plainProxy.host}`, NO_PROXY: `registry.test:1,example` }],
    ['https', { https_proxy: `https://${secureProxy.host}` }],
    ['socks5', { HTTPS_PROXY: `socks5://alice:right@${socks.host}` }],
  ];
  for (const { ofRegistry, ...trusted } of authorities) {
    for (const [kind, proxy] of proxies) {
      for (const showsItself of [false, true]) {
        const certificates = makeFolder(t);
        const own = join(certificates, `registry.test:${registry.port}`);
        mkdirSync(own);
        if (ofRegistry) copyFileSync(registry.file, join(own, 'ca.crt'));
        if (showsItself) {
          writeFileSync(join(own, 'me.cert'), registry.cert);
          writeFileSync(join(own, 'me.key'), registry.key);
        }
        const env = { ...trusted, ...proxy };
        const transport = transportFor(t, { env, certificates, lookup: resolverOf('127.0.0.1') });
        const answer = await transport.request(get(`https://registry.test:${registry.port}/v2/`));
        assert.equal(text(answer), showsItself ? 'test' : 'nobody', `${kind} ${JSON.stringify(env)}`);
        transport.close();
      }
    }
  }
  assert.equal(plainProxy.asked.length, 2 * authorities.length);
  assert.equal(socks.asked.length, 2 * authorities.length);
  // Certificates without a configured authority are refused.
  const { HTTPS_PROXY } = proxies[3][1];
  await assert.rejects(transportFor(t, { env: { HTTPS_PROXY } }).request(get(`https://registry.test:${registry.port}/`)), { kind: 'tls' });
  const env = { https_proxy: `https://${secureProxy.host}`, SSL_CERT_FILE: registry.file };
  await assert.rejects(transportFor(t, { env }).request(get(`https://registry.test:${registry.port}/`)), { kind: 'tls', message: /^proxyconnect tcp: tls: / });
});

test('a variable that names no proxy is told without its value', async (t) => {
  const transport = transportFor(t, { env: { HTTPS_PROXY: 'ftp://me:secret@proxy' } });
  await assert.rejects(transport.request(get('https://registry.test/')), ({ kind, message }) => {
    assert.equal(kind, 'setting');
    assert.match(message, /^expected HTTPS_PROXY to be a URL/);
    assert.doesNotMatch(message, /secret/);
    return true;
  });
});

test('bodies that are compressed without being asked for are read', async (t) => {
  const long = 'manifest '.repeat(1000);
  const encodings = { gzip: gzipSync, 'x-gzip': gzipSync, GZIP: gzipSync, deflate: deflateSync, br: brotliCompressSync };
  const { host } = await startHttp(t, (request, response) => {
    const encoding = request.url.slice(1);
    const body = encodings[encoding](long);
    response.writeHead(200, { 'Content-Encoding': encoding, 'Content-Length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  for (const encoding of Object.keys(encodings)) {
    const transport = transportFor(t);
    const answer = await transport.request(get(`http://${host}/${encoding}`));
    assert.equal(text(answer), long);
    assert.ok(answer.headers.every(([name]) => !/^content-(encoding|length)$/i.test(name)));
    assert.equal((await transport.request({ method: 'HEAD', url: `http://${host}/${encoding}` })).status, 200);
    const { body } = await transport.request(get(`http://${host}/${encoding}`, { pieces: true }));
    let size = 0;
    for (let piece = await body.next(); piece; piece = await body.next()) size += piece.length;
    assert.equal(size, long.length);
  }
});

test('a compressed body that breaks off is told', async (t) => {
  const body = gzipSync('manifest '.repeat(1000)).subarray(0, 30);
  const { host } = await startHttp(t, (_request, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(body));
  await assert.rejects(transportFor(t).request(get(`http://${host}/`)), { kind: 'reset' });
});

test('long headers, and heads that are not quite HTTP, are read', async (t) => {
  const { host } = await startHttp(t, (_request, response) => response.writeHead(200, { 'X-Long': 'x'.repeat(12_000), 'X-Longer': 'y'.repeat(40_000) }).end('fine'));
  assert.equal(text(await transportFor(t).request(get(`http://${host}/`))), 'fine');
  for (const head of [
    'HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nfine',
    'HTTP/1.1 200 OK\nContent-Length: 4\n\nfine',
    'HTTP/1.0 200 OK\r\n\r\nfine',
    'HTTP/1.1 200 OK\r\nX-Odd: a\u0001b\r\nContent-Length: 4\r\n\r\nfine',
  ]) {
    const raw = await startRaw(t, head);
    assert.equal(text(await transportFor(t).request(get(`http://${raw.host}/`))), 'fine', JSON.stringify(head));
  }
});

test('thousands of headers are read, and a server that changes the protocol is no reason to wait', async (t) => {
  const many = Array.from({ length: 5000 }, (_, at) => `X-${at}: a\r\n`).join('');
  const raw = await startRaw(t, `HTTP/1.1 200 OK\r\n${many}Content-Type: a/b\r\nContent-Length: 4\r\n\r\nfine`);
  const { headers } = await transportFor(t).request(get(`http://${raw.host}/`));
  assert.deepEqual(headers.at(-2), ['Content-Type', 'a/b']);
  const other = await startRaw(t, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
  const answer = await transportFor(t).request(get(`http://${other.host}/`));
  assert.deepEqual([answer.status, text(answer)], [101, '']);
});

test('two Content-Length headers are refused, and chunks that end with bare line feeds are waited for no longer than the time limit', async (t) => {
  const twice = await startRaw(t, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nfine');
  await assert.rejects(transportFor(t).request(get(`http://${twice.host}/`)), { message: /Duplicate Content-Length/ });
  const feeds = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\nfine\n0\n\n';
  const bare = await started(t, createServer((socket) => socket.on('error', () => {}).once('data', () => socket.write(feeds))));
  const signal = AbortSignal.timeout(300);
  await assert.rejects(transportFor(t).request(get(`http://${bare.host}/`, { signal })), { kind: 'aborted' });
});

test('a server with one thread is not blocked by connections that are kept open', async (t) => {
  // It serves one connection at a time, and keeps it until the client closes it.
  const waiting = [];
  let isBusy = false;
  const serve = (socket) => {
    isBusy = true;
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine'));
    socket.on('error', () => {}).on('close', () => {
      isBusy = false;
      const next = waiting.shift();
      if (next) serve(next);
    });
    socket.resume();
  };
  const server = createServer({ pauseOnConnect: true }, (socket) => (isBusy ? waiting.push(socket) : serve(socket)));
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const transport = transportFor(t);
  const url = `http://127.0.0.1:${server.address().port}/`;
  transport.preconnect(url, { requests: 3 });
  const answers = await Promise.all([1, 2, 3].map(() => transport.request(get(url))));
  assert.deepEqual(answers.map(text), ['fine', 'fine', 'fine']);
  transport.close();
});

test('a helper that hangs is ended with its name, one that is missing or noisy is told', async (t) => {
  const folder = makeFolder(t);
  const program = (name, script) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return name;
  };
  const path = process.env.PATH;
  t.after(() => (process.env.PATH = path));
  process.env.PATH = `${folder}${delimiter}${path}`;
  const hangs = program('docker-credential-hangs', 'sleep 60');
  await assert.rejects(runHelper(hangs, ['get'], 'r.io', 100), /docker-credential-hangs did not answer within 0\.1 s/);
  await assert.rejects(runHelper('docker-credential-nowhere', ['get'], 'r.io'), /executable file not found in \$PATH/);
  const noisy = program('docker-credential-noisy', 'yes');
  await assert.rejects(runHelper(noisy, ['get'], 'r.io'), /printed more than/);
  const { status, stdout } = await runHelper(program('docker-credential-fails', 'cat; exit 3'), ['get'], 'r.io');
  assert.deepEqual([status, Buffer.from(stdout).toString()], [3, 'r.io']);
});
