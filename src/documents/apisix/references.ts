import type { JsonObject } from '../json-document.js';
import type { ServiceDocument } from './service.js';
import type { Upstream } from './upstream.js';

/** What a route refers to, as it stands; undefined where there is no such document, or no good one: then a reason is given. */
export interface References {
  upstream(id: string): Upstream | undefined;
  service(id: string): ServiceDocument | undefined;
  /** The plugins of a plugin config. */
  pluginConfig(id: string): JsonObject | undefined;
  /** The plugins that run for every route, in the order of the rules' ids. */
  globalRules(): readonly JsonObject[];
}
