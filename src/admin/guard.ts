import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import type { Secret } from '../config/secret.js';

/** What tells nothing of what is served: probes, the page's own files, the description of the API. */
const OPEN: ReadonlySet<string> = new Set([
  '/',
  '/page.js',
  '/page.css',
  '/openapi.json',
  '/healthz',
  '/readyz',
]);

/**
 * Lets in who knows the token; without a token, who asks by an IP address or localhost: a name that somebody else's
 * DNS points at loopback would make this answer to pages of another site.
 */
export function guard(token: () => Secret | undefined): MiddlewareHandler {
  return async (c, next) => {
    if (OPEN.has(c.req.path)) return await next();
    const secret = token();
    if (secret === undefined) {
      const name = hostName(c.req.header('host') ?? 'localhost');
      if (name === 'localhost' || isIP(name) !== 0) return await next();
      return c.json(
        { error: `without a token the admin API answers to IP addresses and localhost, not as ${name}` },
        403,
      );
    }
    if (bears(c, secret)) return await next();
    c.header('www-authenticate', 'Bearer realm="signalbox"');
    return c.json({ error: 'the admin API wants its token: Authorization: Bearer …' }, 401);
  };
}

/** Whether a request carries the token. @throws SignalboxError `config_unreadable` where its file cannot be read */
export function bears(c: Context, secret: Secret): boolean {
  const [scheme = '', given = ''] = (c.req.header('authorization') ?? '').split(' ');
  const expected = secret.current();
  // Hashes are of one length, so that the time tells nothing of the token.
  return scheme.toLowerCase() === 'bearer' && expected !== '' && timingSafeEqual(hash(given), hash(expected));
}

/** `[::1]:18001` → `::1`. */
export function hostName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
