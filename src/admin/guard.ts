import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import type { Secret } from '../config/secret.js';
import { json } from './json.js';

/** Paths that tell nothing of what is served: probes, the page's own files, the description of the API. */
const OPEN: ReadonlySet<string> = new Set([
  '/',
  '/page.js',
  '/page.css',
  '/openapi.json',
  '/healthz',
  '/readyz',
]);

/**
 * Refuses requests from other sites' pages, then those without the token. Where no token is configured, it refuses
 * requests by a host name: somebody else's DNS can point a name at loopback.
 * @param token what clients must send as `Authorization: Bearer …`; undefined where none is configured
 */
export function guard(token: () => Secret | undefined): MiddlewareHandler {
  return async (c, next) => {
    const origin = foreignOrigin(c);
    if (origin !== undefined) return json(c, { error: origin }, 403);
    if (OPEN.has(c.req.path)) return await next();
    const secret = token();
    if (secret === undefined) {
      if (isLocalName(c)) return await next();
      return json(
        c,
        { error: 'without a token the admin API answers requests to an IP address or localhost only' },
        403,
      );
    }
    if (bears(c, secret)) return await next();
    c.header('www-authenticate', 'Bearer realm="signalbox"');
    return json(c, { error: 'the admin API needs its token: Authorization: Bearer …' }, 401);
  };
}

/** Whether a request to an open path may see names and paths. A token that cannot be read makes nobody known. */
export function isKnown(c: Context, token: () => Secret | undefined): boolean {
  try {
    const secret = token();
    return secret === undefined ? isLocalName(c) : bears(c, secret);
  } catch {
    return false;
  }
}

/** Whether a request carries the token. @throws SignalboxError `config_unreadable` where its file cannot be read */
export function bears(c: Context, secret: Secret): boolean {
  const [scheme = '', given = ''] = (c.req.header('authorization') ?? '').split(' ');
  const expected = secret.current();
  // Hashes have one length, so that the time tells nothing of the token.
  return scheme.toLowerCase() === 'bearer' && expected !== '' && timingSafeEqual(hash(given), hash(expected));
}

/**
 * Why a request counts as another site's; undefined where it does not. Browsers say where a request comes from:
 * https://www.w3.org/TR/fetch-metadata/. A link on another site may open the page, which holds no data.
 */
function foreignOrigin(c: Context): string | undefined {
  const origin = c.req.header('origin');
  const site = c.req.header('sec-fetch-site') ?? 'none';
  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === c.req.header('host')))
    return 'the admin API does not answer pages of another origin';
  if (site === 'none' || site === 'same-origin' || opensPage(c)) return undefined;
  return 'the admin API does not answer requests from other sites';
}

function opensPage(c: Context): boolean {
  const isNavigation =
    c.req.header('sec-fetch-mode') === 'navigate' && c.req.header('sec-fetch-dest') === 'document';
  return isNavigation && c.req.method === 'GET' && c.req.path === '/';
}

/** Whether a request names this server by what no foreign DNS decides. */
function isLocalName(c: Context): boolean {
  const host = c.req.header('host') ?? 'localhost';
  // `[::1]:18001` → `::1`
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || isIP(name) !== 0;
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
