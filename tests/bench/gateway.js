// The gateway against nginx's proxy_pass, both in front of one registry: manifests, blobs, and memory over many streams.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runProgram, startProgram, temporaryFolder } from '../e2e/child-processes.js';
import { freePort, startDistribution } from '../e2e/servers.js';
import { listens } from '../e2e/nginx.js';
import { selfSigned } from '../replay/certificate.js';
import { compare, leaveOut, report } from './measure.js';

const program = fileURLToPath(new URL('../../target/release/tallyman-gateway', import.meta.url));
const seconds = 2;
const warmUpSeconds = 1;
const streams = 200;
const mib = 1024 * 1024;

const folder = await temporaryFolder('tallyman-bench-');
const registry = await startDistribution();
const started = [registry];
try {
  await measure();
} finally {
  for (const one of started.reverse()) await one.stop();
  await rm(folder, { recursive: true });
}

async function measure() {
  const { cert, key } = selfSigned();
  await Promise.all([writeFile(join(folder, 'certificate.pem'), cert), writeFile(join(folder, 'key.pem'), key)]);
  const quick = await startQuickServer();
  const nginx = quick && (await startNginx(quick));
  const gateway = await startGateway(quick);
  const manifest = 'v2/samples/hello/manifests/latest';
  const blob = `v2/bench/large/blobs/${await upload(randomBytes(64 * mib))}`;
  const smaller = `v2/bench/large/blobs/${await upload(randomBytes(16 * mib))}`;
  const ways = [{ name: 'tallyman-gateway', ...gateway }, ...(nginx ? [{ name: 'nginx proxy_pass', peer: true, ...nginx }] : [])];
  const all = [...ways, { name: 'the registry itself', peer: true, bound: true, url: `${registry.registry}/` }];
  if (await hasWrk()) {
    for (const [over, schemeOf] of [['', (way) => way], [', with TLS', (way) => way.secure]]) await passed(over, schemeOf, { ways, all, manifest, blob, nginx });
  } else {
    leaveOut('requests and bytes per second', 'there is no wrk on this machine');
  }
  await memory(gateway, smaller);
  await idle(nginx);
  await underLoad(gateway, blob);
}

/** Measures what the gateway passes in a second beside nginx: manifests, answers that cost nobody anything, and blobs. */
async function passed(over, schemeOf, { ways, all, manifest, blob, nginx }) {
  const peers = over ? ways : all;
  const [own, other] = ['tallyman-gateway', 'nginx proxy_pass'];
  const slowest = new Map();
  const row = (title, unit, contestants, share, cause, most) => {
    // The verdict of both tables, run by run: what slows one way down slows down the other.
    const isEnough = (of) => (nginx ? of(other).ratio >= share : undefined);
    return compare({
      title: `${title}${over}`,
      unit,
      better: 'more',
      warmUp: true,
      contestants,
      absent: nginx ? [] : ['nginx'],
      targets: (of) => (nginx ? [[`at least ${share} of what nginx passes`, isEnough(of)]] : []),
      summary: (of) => [{ what: `gateway: ${title}${over}`, ours: own, limit: nginx && share * of(other).median, terms: `${share} × nginx`, met: isEnough(of), cause }],
      ...most,
    });
  };
  const told = (name, { requests, p99 }) => {
    slowest.set(name, [...(slowest.get(name) ?? []), p99 / 1000]);
    return requests;
  };
  const computed = 'each answer is matched, checked, counted and logged with its fields, while the callers have the same two cores';
  const callers = 32;
  await row(
    `manifests by tag, ${callers} callers at once`,
    'requests/s',
    peers.map((way) => ({ name: way.name, peer: way.peer, bound: way.bound, run: async (round) => (await load(schemeOf(way).url + manifest, callers, round)).requests })),
    1,
    'the registry takes a millisecond of the two cores for each and has what the others leave; where one request comes at a time, with cold caches, the gateway takes some 95 µs and nginx 60',
  );
  if (nginx) {
    await row(
      `answers of 1,500 bytes from a server that takes no time, ${callers} callers at once`,
      'requests/s',
      ways.map((way) => ({ name: way.name, peer: way.peer, run: async (round) => told(way.name, await load(schemeOf(way).quick + manifest, callers, round)) })),
      0.8,
      computed,
    );
    report({
      title: `the slowest of a hundred of these answers${over}`,
      unit: 'ms',
      // The first was to warm up.
      results: ways.map(({ name, peer }) => ({ name, peer, values: slowest.get(name).slice(1) })),
      summary: (of) => [{ what: `gateway: the slowest of a hundred small answers${over}`, ours: own, limit: 2 * of(other).median, terms: '2 × nginx', cause: computed }],
    });
  }
  await row(
    'a blob of 64 MiB, 4 callers at once',
    'MiB/s',
    peers.map((way) => ({ name: way.name, peer: way.peer, bound: way.bound, run: async (round) => (await load(schemeOf(way).url + blob, 4, round)).bytes / mib })),
    1,
    over ? 'rustls and OpenSSL encrypt at about the same speed, and pieces pass through two tasks' : 'pieces pass through two tasks, each of which watches the pace of its end',
  );
}

/** Memory of connections on which one request was made and none is under way. */
async function idle(nginx) {
  const count = 10_000;
  const config = join(folder, 'idle.toml');
  const port = await freePort();
  await writeFile(
    config,
    `listen = '127.0.0.1:${port}'\n[limits]\nconnections = ${2 * count}\nconnections_per_caller = ${2 * count}\nidle_seconds = 600\n[[registries]]\nname = 'lab'\nurl = '${registry.registry}'\n`,
  );
  const child = await startProgram(program, ['--config', config], { stdio: 'ignore' });
  const ready = await running(child, port, '');
  const own = { name: 'tallyman-gateway', path: '/healthz', pids: () => [ready.pid], url: ready.url };
  const other = nginx && { name: 'nginx', peer: true, path: '/idle', pids: () => childrenOf(nginx.pid), url: nginx.url };
  const results = [];
  for (const { name, peer, path, pids, url } of [own, ...(nginx ? [other] : [])]) {
    const resident = async () => {
      const all = await Promise.all((await pids()).map((pid) => readFile(`/proc/${pid}/status`, 'utf8')));
      return all.reduce((sum, status) => sum + Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) / 1024, 0);
    };
    const sockets = [];
    try {
      for (let at = 0; at < count; at++) sockets.push(await used(new URL(url), path));
      results.push({ name, peer, values: [await resident()], note: `${count} connections` });
    } catch (error) {
      return leaveOut(`memory of ${count} idle connections`, String(error));
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  }
  const title = `memory with ${count} idle connections`;
  report({
    title,
    unit: 'MiB',
    results,
    summary: () => [{ what: `gateway: ${title}`, ours: 'tallyman-gateway', limit: 200, cause: 'what is kept for each connection' }],
  });
}

/** A connection on which one request has been answered. */
function used({ hostname, port, host }, path) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
    socket.once('error', reject);
    socket.once('data', () => resolve(socket.pause()));
  });
}

async function childrenOf(pid) {
  const printed = await runProgram('pgrep', ['-P', String(pid)]);
  return [pid, ...printed.trim().split('\n').map(Number)];
}

/** wrk has no way to be asked for its version without complaining. */
function hasWrk() {
  return runProgram('wrk', ['-v']).then(
    () => true,
    (error) => error.code !== 'ENOENT',
  );
}

/** Requests and bytes per second that `callers` at once get from a URL, over some seconds. */
async function load(url, callers, { isWarmUp }) {
  const accept = 'Accept: application/vnd.docker.distribution.manifest.list.v2+json';
  const args = ['-t1', `-c${callers}`, `-d${isWarmUp ? warmUpSeconds : seconds}s`, '--timeout', '30s', '-H', accept, '-s', fileURLToPath(new URL('wrk-summary.lua', import.meta.url)), url];
  const printed = await runProgram('wrk', args);
  const found = JSON.parse(printed.slice(printed.lastIndexOf('\n{') + 1));
  if (found.errors > 0) throw new Error(`${url}: ${found.errors} requests failed`);
  return { requests: (found.requests / found.microseconds) * 1e6, p99: found.p99, bytes: (found.bytes / found.microseconds) * 1e6 };
}

/** Memory that the gateway holds after one stream and after many that are read to their ends at the same time. */
async function memory(gateway, blob) {
  const read = () =>
    new Promise((resolve, reject) => {
      const request = get(gateway.url + blob, { agent: false }, (answer) => {
        answer.on('data', () => {});
        answer.on('end', resolve);
        answer.on('error', reject);
      });
      request.on('error', reject);
    });
  await read();
  const before = await peak(gateway.pid);
  const values = [];
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: streams }, read));
    values.push((await peak(gateway.pid)) - before);
  }
  report({
    title: `memory that ${streams} streams of 16 MiB at once add to the gateway, at its peak`,
    unit: 'MiB',
    results: [{ name: 'tallyman-gateway', values, note: `${before.toFixed(0)} MiB after one stream` }],
    targets: (of) => [
      ['less than half a MiB for each stream', of('tallyman-gateway').median < streams / 2],
      ['no more after three rounds than twice after one', values.at(-1) <= 2 * Math.max(values[0], 1)],
    ],
  });
}

/** The time that the gateway takes to say that it is well, while callers hold on to all that they can get. */
async function underLoad(gateway, blob) {
  const address = new URL(gateway.url);
  const hold = (bytes) =>
    new Promise((resolve) => {
      const socket = connect(Number(address.port), address.hostname, () => resolve(socket));
      // Sockets that the gateway closes are what is measured.
      socket.on('error', () => resolve(socket));
      socket.write(bytes);
    });
  const health = () =>
    new Promise((resolve, reject) => {
      const begin = performance.now();
      const request = get(new URL('/healthz', gateway.url), { agent: false }, (answer) => {
        answer.on('data', () => {});
        answer.on('end', () => (answer.statusCode === 200 ? resolve(performance.now() - begin) : reject(new Error(`/healthz: ${answer.statusCode}`))));
      });
      request.on('error', reject);
    });
  const head = `GET / HTTP/1.1\r\nHost: ${address.host}\r\n`;
  const kinds = [
    ['1,000 silent connections', 1000, ''],
    ['3,000 heads of 60 KB that do not end', 3000, `${head}X: ${'x'.repeat(60_000)}`],
    ['200 blobs of 64 MiB that nobody reads', 200, `GET ${address.pathname}${blob} HTTP/1.1\r\nHost: ${address.host}\r\n\r\n`],
  ];
  const results = [];
  const before = await peak(gateway.pid);
  for (const [name, count, bytes] of kinds) {
    const held = [];
    const values = [];
    for (let at = 0; at < count; at++) {
      const socket = await hold(bytes);
      socket.pause();
      held.push(socket);
      if (at % (count / 20) === 0) values.push(await health());
    }
    results.push({ name, values, note: `${Math.max(...values).toFixed(0)} ms at most, ${((await peak(gateway.pid)) - before).toFixed(0)} MiB more at the peak` });
    for (const socket of held) socket.destroy();
  }
  report({
    title: 'the time that /healthz takes while callers hold on to the gateway',
    unit: 'ms',
    results,
    targets: () => [['100 ms at most', results.every(({ values }) => Math.max(...values) <= 100)]],
  });
}

/** The most memory that a process ever had, in MiB. */
async function peak(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)[1]) / 1024;
}

async function startGateway(quickServer) {
  const port = await freePort();
  const quick = quickServer ? ['--registry', `quick=${quickServer.origin}`] : [];
  const args = ['--registry', `lab=${registry.registry}`, ...quick, '--listen', `127.0.0.1:${port}`];
  // It logs every request, as nginx does.
  const log = await open(join(folder, 'gateway.log'), 'w');
  started.push({ stop: () => log.close() });
  const child = await startProgram(program, args, { stdio: ['ignore', 'ignore', log.fd] });
  const ready = await running(child, port, 'r/lab/');
  const securePort = await freePort();
  const config = join(folder, 'secure.toml');
  const registries = [['lab', registry.registry], ...(quickServer ? [['quick', quickServer.origin]] : [])].map(([name, url]) => `[[registries]]\nname = '${name}'\nurl = '${url}'\n`);
  await writeFile(config, `listen = '127.0.0.1:${securePort}'\n${registries.join('')}[tls]\ncertificate = '${folder}/certificate.pem'\nkey = '${folder}/key.pem'\n`);
  await running(await startProgram(program, ['--config', config], { stdio: ['ignore', 'ignore', log.fd] }), securePort, '');
  const at = (origin) => ({ url: `${origin}/r/lab/`, quick: `${origin}/r/quick/` });
  return { ...ready, ...at(`http://127.0.0.1:${port}`), secure: at(`https://127.0.0.1:${securePort}`) };
}

/** A server that answers at once, of its own for all contestants: an nginx; nothing where the machine has none. */
async function startQuickServer() {
  const port = await freePort();
  const child = await spawnNginx(
    'quick',
    `access_log off;
  server {
    listen 127.0.0.1:${port};
    default_type application/vnd.docker.distribution.manifest.list.v2+json;
    location / { return 200 '${'x'.repeat(1500)}'; }
  }`,
  );
  if (!child) return undefined;
  await running(child, port, '');
  return { host: `127.0.0.1:${port}`, origin: `http://127.0.0.1:${port}` };
}

/** nginx as an operator would set it up in front of a registry, and of the server that answers at once. */
async function startNginx(quick) {
  const [port, secure] = [await freePort(), await freePort()];
  const child = await spawnNginx(
    'proxy',
    `access_log ${folder}/access.log;
  upstream registry { server ${registry.host}; keepalive 64; }
  upstream quick { server ${quick.host}; keepalive 64; }
  ssl_certificate ${folder}/certificate.pem;
  ssl_certificate_key ${folder}/key.pem;
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${secure} ssl;
    location /idle { return 200 'alive'; }
    location /quick/ {
      proxy_pass http://quick/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
    client_max_body_size 0;
    location / {
      proxy_pass http://registry;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_buffering off;
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
      proxy_request_buffering off;
    }
  }`,
  );
  const ready = await running(child, port, '');
  const at = (origin) => ({ url: `${origin}/`, quick: `${origin}/quick/` });
  return { ...ready, ...at(`http://127.0.0.1:${port}`), secure: at(`https://127.0.0.1:${secure}`) };
}

/** Starts an nginx of a worker for each core; nothing where the machine has none. `http` is what its configuration has there. */
async function spawnNginx(name, http) {
  const program = existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
  const file = (suffix) => join(folder, `${name}-${suffix}`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${file(kind)};`);
  await writeFile(
    file('nginx.conf'),
    `daemon off; worker_processes auto; pid ${file('pid')}; error_log ${file('error.log')};
events { worker_connections 12000; }
http {
  ${temporary.join(' ')}
  keepalive_requests 1000000;
  keepalive_timeout 600s;
  ${http}
}
`,
  );
  return startProgram(program, ['-p', folder, '-c', file('nginx.conf')], { stdio: 'ignore' }).catch((error) => leaveOut('nginx', error.message));
}

async function running(child, port, path) {
  await listens(port, child);
  const stop = async () => {
    const ended = new Promise((resolve) => child.on('exit', resolve));
    if (child.exitCode === null && child.kill()) await ended;
  };
  started.push({ stop });
  return { url: `http://127.0.0.1:${port}/${path}`, pid: child.pid };
}

/** Brings a blob into the registry and gives its digest. */
async function upload(content) {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const begun = await fetch(`${registry.registry}/v2/bench/large/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location'), registry.registry);
  place.searchParams.set('digest', digest);
  const put = await fetch(place, { method: 'PUT', body: content, headers: { 'content-type': 'application/octet-stream' } });
  if (put.status !== 201) throw new Error(`the upload answered ${put.status}`);
  return digest;
}
