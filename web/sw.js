// Keeps one version of the app whole, so that it starts without network and never mixes versions. `cargo xtask web`
// writes in place of the three names below: the version, its files with what they are to hold, and those that its page names.

const VERSION = '%VERSION%';
const FILES = %FILES%;
const NAMED = %NAMED%;

const here = new URL('./', self.location);
// Deployments below other paths of the same origin have caches of their own.
const scope = `@${here.pathname}`;
const CACHE = `tallyman-${VERSION}${scope}`;
const SETTINGS = `tallyman-settings${scope}`;
const PAGE = new URL('index.html', here);
const kept = new Set(Object.keys(FILES).map((file) => new URL(file, here).href));

self.addEventListener('install', (event) => {
  event.waitUntil(keep());
});

/**
 * Keeps this version. Everything or nothing: one of which a part is missing, or is not what it is to be, is never used. Servers that are
 * being updated send files of another version, or the start page in place of what they do not have.
 */
async function keep() {
  const page = await fetch(PAGE, { cache: 'reload' });
  const text = await page.text();
  // Servers may add something to the page, so it is known by the files that it names.
  if (!page.ok || !NAMED.every((file) => text.includes(file))) throw new Error(`expected the page of version ${VERSION} at ${PAGE}`);
  const cache = await caches.open(CACHE);
  await cache.addAll(Object.entries(FILES).map(([file, integrity]) => new Request(new URL(file, here), { cache: 'reload', integrity })));
  // Some servers redirect from the page to its folder. Browsers open no page with a response that was redirected to.
  await cache.put(PAGE, new Response(text, { headers: page.headers }));
}

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      // Content of registries belongs to no version.
      const isVersion = (name) => /^tallyman-[0-9a-f]{16}@/.test(name) && name.endsWith(scope) && name.length === CACHE.length;
      const old = names.filter((name) => isVersion(name) && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('message', (event) => {
  if (event.data === 'take over') self.skipWaiting();
});

// Pages come from what is kept, except with `?sign-in`: a proxy in front of the server signs people in who ask it for a page.
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const url = new URL(request.url);
  url.hash = '';
  if (url.origin !== here.origin) return;
  const isToSignIn = request.mode === 'navigate' && url.searchParams.has('sign-in');
  url.search = '';
  if (url.href === here.href || url.href === PAGE.href) {
    event.respondWith(isToSignIn ? fromServer(request) : fromVersion(PAGE.href, request));
  } else if (url.href === new URL('config.json', here).href) {
    event.respondWith(settings(request));
  } else if (kept.has(url.href)) {
    event.respondWith(fromVersion(url.href, request));
  }
});

/** A page from the server, or, while it fails, what is kept. */
async function fromServer(request) {
  const response = await fetch(request).catch(() => undefined);
  return response === undefined || response.status >= 500 ? fromVersion(PAGE.href, request) : response;
}

async function fromVersion(address, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(address)) ?? fetch(request);
}

/** Milliseconds after which older settings are used: the app itself goes on with none after 5,000. */
const SETTINGS_LIMIT = 3000;

/**
 * The settings as the server has them now, if it has none, too; without network, or while the server fails or is silent, as it had them
 * last, with the reason.
 */
async function settings(request) {
  // A browser that keeps nothing has no older ones.
  const cache = await caches.open(SETTINGS).catch(() => undefined);
  const last = await cache?.match('config.json').catch(() => undefined);
  const now = settingsOfServer(request, cache);
  if (!last) return now.catch(({ response }) => response ?? Response.error());
  const silent = new Error(`silent ${SETTINGS_LIMIT / 1000}`);
  const limit = new Promise((_, reject) => setTimeout(reject, SETTINGS_LIMIT, silent));
  return Promise.race([now, limit]).catch(({ message }) => older(last, message));
}

/** The settings as the server has them now, which are kept. Fails if the server does, or if a proxy answers in its place: with that answer as `response`. */
async function settingsOfServer(request, cache) {
  const response = await fetch(request).catch(() => Promise.reject(new Error('no-answer')));
  // A proxy may answer with its own page, redirect to it, or want people to sign in again. A file that is broken is told.
  const isOfPage = response.redirected || isPage(response);
  const isFailure = [401, 403].includes(response.status) || response.status >= 500;
  const isWhole = response.status === 404 || (response.ok && (await isJson(response.clone())));
  if ((isFailure || isOfPage) && !isWhole) {
    const why = isFailure ? `status ${response.status}` : 'page';
    throw Object.assign(new Error(why), { response });
  }
  // Settings that cannot be kept, as where the disk is full, hold all the same.
  if (isWhole) await cache?.put('config.json', response.clone()).catch(() => undefined);
  return response;
}

/** A response that is kept, with the reason why it is not the server's of now, for which the app has the words. */
function older(response, why) {
  const headers = new Headers(response.headers);
  headers.set('Tallyman-Kept', why);
  return new Response(response.body, { status: response.status, headers });
}

const isPage = (response) => /^text\/html\s*(;|$)/i.test(response.headers.get('content-type') ?? '');

const isJson = (response) => response.json().then(
  () => true,
  () => false,
);
