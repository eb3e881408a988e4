import type { Group } from '../snapshot/cache.js';

/** The proxies that no configured group matches; they get everything. */
export const DEFAULT_GROUP: Group = 'default';
