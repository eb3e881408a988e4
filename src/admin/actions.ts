import { Hono } from 'hono';
import { json } from './json.js';

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

/** The actions, each a POST: a link does nothing. */
export function actionRoutes(actions: AdminActions): Hono {
  const app = new Hono();
  app.post('/registries/:registry/release', (c) => {
    const registry = c.req.param('registry');
    const released = actions.release(registry);
    if (released === undefined) return json(c, { error: `there is no registry "${registry}"` }, 404);
    return json(c, { registry, released });
  });
  app.post('/snapshots/:version/pin', (c) => {
    const version = c.req.param('version');
    if (actions.rollback(version)) return json(c, { pinned: version });
    return json(c, { error: `version "${version}" is none of those in /snapshots` }, 404);
  });
  app.post('/unpin', (c) => json(c, { unpinned: actions.unpin() }));
  return app;
}
