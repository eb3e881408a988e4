import type { JsonObject } from '../json-document.js';
import type { ServiceDocument } from './service.js';
import type { Upstream } from './upstream.js';

/** The documents that a route refers to. A missing or rejected document is undefined and adds a reason. */
export interface References {
  upstream(id: string): Upstream | undefined;
  service(id: string): ServiceDocument | undefined;
  /** The plugins of a plugin config. */
  pluginConfig(id: string): JsonObject | undefined;
  /** The plugins that run for every route, in the order of the rules' ids. */
  globalRules(): readonly JsonObject[];
}
