import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { Secret } from '../config/secret.js';
import { messageOf, SignalboxError } from '../errors.js';
import { guard, isKnown } from './guard.js';
import { json } from './json.js';

export interface AdminApiOptions {
  readonly logger: Logger;
  /** What clients must send; undefined where none is configured, which only loopback may do. */
  readonly token: () => Secret | undefined;
}

/** Why proxies are not served yet. */
export interface Unready {
  /** With the names of registries and servers, for those who may know. */
  readonly reason: string;
  /** For everybody: counts, no names. */
  readonly summary: string;
}

/** What `/readyz` answers. */
export type Readiness =
  | (Unready & { readonly ready: false })
  /** @property detail is for those who may know */
  | { readonly ready: true; readonly detail: object };

/**
 * An admin API: the guard, the probes and the errors that those of Signalbox and of a relay have in common.
 * @param readiness asked for each `/readyz`
 * @param add adds the routes that show things
 */
export function adminApi(
  { logger, token }: AdminApiOptions,
  readiness: () => Readiness,
  add: (api: Hono) => void,
): Hono {
  const api = new Hono();
  api.use(guard(token));
  api.get('/healthz', (c) => json(c, { status: 'ok' }));
  api.get('/readyz', (c) => {
    const now = readiness();
    const known = isKnown(c, token);
    if (now.ready) return json(c, { status: 'ready', ...(known && now.detail) });
    return json(c, { status: 'not ready', reason: known ? now.reason : now.summary }, 503);
  });
  add(api);
  api.notFound((c) => json(c, { error: `there is no ${c.req.path}` }, 404));
  api.onError((error, c) => {
    if (error instanceof SignalboxError && error.code === 'worker_silent')
      return json(c, { error: error.message }, 503);
    logger.error(
      { method: c.req.method, path: c.req.path, err: error },
      `the admin API failed: ${messageOf(error)}`,
    );
    return json(c, { error: 'internal error' }, 500);
  });
  return api;
}
