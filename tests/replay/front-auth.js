// The passwords and tokens that a recorded registry asked for.

import { STATUS_CODES } from 'node:http';

const user = 'alice';
const password = 's3cret';
const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const service = 'registry.test';

/** The configuration file of a user who has logged in to `host`. */
export const loggedIn = (host) =>
  JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${user}:${password}`).toString('base64') } } });

/** The header that the registry behind the front takes from one who fills it. */
export const fillHeaders = { authorization: basic };

/** Refuses what does not come with the user's password. */
export function basicChallenge({ headers }) {
  if (headers.authorization === basic) return undefined;
  return refused('Basic realm="registry"');
}

/** A token service at `/token`, and the refusal of what does not come with a token that covers it. */
export function tokenChallenge(host, scheme) {
  const tokens = new Map();
  return (incoming, url, body) => {
    if (url.pathname === '/token') return issue(tokens, incoming, url, body);
    const needed = scopesOf(incoming.method, url);
    const granted = tokens.get(incoming.headers.authorization);
    if (granted && needed.every((scope) => covers(granted, scope))) return undefined;
    const scopes = needed.length ? `,scope="${needed.join(' ')}"` : '';
    return refused(`Bearer realm="${scheme}://${host}/token",service="${service}"${scopes}`);
  };
}

function issue(tokens, { method, headers }, url, body) {
  const form = method === 'POST' ? new URLSearchParams(body.toString()) : url.searchParams;
  const trusted = method === 'POST' ? form.get('refresh_token') === 'identity' : headers.authorization === basic;
  if (!trusted || form.get('service') !== service) return refused(`Basic realm="${service}"`);
  const token = `T${tokens.size + 1}`;
  tokens.set(`Bearer ${token}`, form.getAll('scope').flatMap((scopes) => scopes.split(' ')));
  const answer = { token, access_token: token, expires_in: 300 };
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) };
}

function scopesOf(method, url) {
  const [, repository] = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(url.pathname) ?? [];
  if (!repository) return [];
  const scopes = [`repository:${repository}:${method === 'GET' || method === 'HEAD' ? 'pull' : 'pull,push'}`];
  const from = url.searchParams.get('from');
  return from ? [...scopes, `repository:${from}:pull`] : scopes;
}

function covers(granted, scope) {
  const [kind, repository, actions] = parts(scope);
  return granted.map(parts).some(
    ([grantedKind, grantedRepository, grantedActions]) =>
      kind === grantedKind && repository === grantedRepository && actions.every((action) => grantedActions.includes(action)),
  );
}

const parts = (scope) => {
  const [kind, repository, actions] = scope.split(':');
  return [kind, repository, actions.split(',')];
};

function refused(challenge) {
  const error = { code: 'UNAUTHORIZED', message: 'authentication required', detail: STATUS_CODES[401] };
  return {
    status: 401,
    headers: {
      'www-authenticate': challenge,
      'content-type': 'application/json; charset=utf-8',
      'docker-distribution-api-version': 'registry/2.0',
    },
    body: JSON.stringify({ errors: [error] }),
  };
}
