import { isIP } from 'node:net';
import { Hono } from 'hono';
import { hostName } from './guard.js';

/** What an operator can do through the admin API; everything else in it only shows. */
export interface AdminActions {
  /**
   * Believes the loss of instances that a registry's guard holds back.
   * @returns how many of the registry's servers had something held back; undefined where there is no such registry
   */
  readonly release: (registry: string) => number | undefined;
  /** Pins an earlier version. @returns whether it is remembered */
  readonly rollback: (version: string) => boolean;
  /** Goes back to the newest version. @returns whether one was pinned */
  readonly unpin: () => boolean;
}

/** The actions, each a POST that no page of another site can make a browser send. */
export function actionRoutes(actions: AdminActions): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    if (c.req.method !== 'POST') return await next();
    const reason = foreign(c.req.header('host'), c.req.header('origin'), c.req.header('sec-fetch-site'));
    return reason === undefined ? await next() : c.json({ error: reason }, 403);
  });
  app.post('/registries/:registry/release', (c) => {
    const registry = c.req.param('registry');
    const released = actions.release(registry);
    if (released === undefined) return c.json({ error: `there is no registry "${registry}"` }, 404);
    return c.json({ registry, released });
  });
  app.post('/snapshots/:version/pin', (c) => {
    const version = c.req.param('version');
    if (actions.rollback(version)) return c.json({ pinned: version });
    return c.json({ error: `version "${version}" is none of those in /snapshots` }, 404);
  });
  app.post('/unpin', (c) => c.json({ unpinned: actions.unpin() }));
  return app;
}

/**
 * Why a request is not taken for the operator's own. A browser says where a request comes from; a name that somebody
 * else's DNS points here is no better than another site.
 */
function foreign(host = '', origin?: string, site?: string): string | undefined {
  const name = hostName(host);
  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host))
    return `requests from ${origin} are not taken`;
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return 'requests from other sites are not taken';
  const fromBrowser = origin !== undefined || site !== undefined;
  if (fromBrowser && name !== 'localhost' && isIP(name) === 0)
    return `from a browser actions are taken by an IP address or localhost, not as ${name}`;
  return undefined;
}
