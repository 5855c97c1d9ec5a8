// Hashers to compare, in Node and in browsers: all of them give `sha256:` and hexadecimal digits.

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const named = (digits) => `sha256:${digits}`;

/**
 * `{ NAME: { whole, pieces? } }`: `whole` hashes bytes that are there, `pieces` a piece that comes `times` times. `load` imports a
 * package by its name, `tallyman` is ours, `crypto` is Node's own module where there is one.
 */
export async function hashers({ tallyman, load, crypto }) {
  const [wasm, { sha256 }] = [await load('hash-wasm'), await load('@noble/hashes/sha2.js')];
  const hasher = await wasm.createSHA256();
  const contestants = {
    tallyman: {
      whole: (bytes) => tallyman.Digest.of(bytes),
      pieces: (piece, times) => tallyman.Digest.ofStream(repeated(piece, times)),
    },
    'tallyman, in its own time': { whole: (bytes) => tallyman.Digest.ofLarge(bytes) },
    'hash-wasm': {
      whole: (bytes) => named(hasher.init().update(bytes).digest('hex')),
      pieces: (piece, times) => {
        hasher.init();
        for (const bytes of repeated(piece, times)) hasher.update(bytes);
        return named(hasher.digest('hex'));
      },
    },
    '@noble/hashes': {
      whole: (bytes) => named(hex(sha256(bytes))),
      pieces: (piece, times) => {
        const hash = sha256.create();
        for (const bytes of repeated(piece, times)) hash.update(bytes);
        return named(hex(hash.digest()));
      },
    },
    WebCrypto: { whole: async (bytes) => named(hex(new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes)))) },
  };
  if (crypto) {
    contestants['node:crypto'] = {
      whole: (bytes) => named(crypto.createHash('sha256').update(bytes).digest('hex')),
      pieces: (piece, times) => {
        const hash = crypto.createHash('sha256');
        for (const bytes of repeated(piece, times)) hash.update(bytes);
        return named(hash.digest('hex'));
      },
    };
  }
  return contestants;
}

/** Microseconds that one call takes, over as many as fit into `forMs`. */
export async function microseconds(call, forMs = 60) {
  let calls = 0;
  const start = performance.now();
  let now = start;
  while (now - start < forMs) {
    for (let batch = 0; batch < 8; batch++) {
      const result = call();
      // Only those who promise something are waited for.
      if (typeof result !== 'string') await result;
    }
    calls += 8;
    now = performance.now();
  }
  return ((now - start) * 1000) / calls;
}

/** Megabytes a second at which `call` works through `bytes` of them. */
export async function megabytesPerSecond(call, bytes) {
  const start = performance.now();
  await call();
  return bytes / 1e3 / (performance.now() - start);
}

/** Bytes that look like anything. */
export function anyBytes(length) {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

function* repeated(piece, times) {
  for (let time = 0; time < times; time++) yield piece;
}
