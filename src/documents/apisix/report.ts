import { ApisixTable } from './table.js';

/** What becomes of one document of APISIX's. */
export interface ReportedDocument {
  /** Its key without APISIX's prefix, such as `routes/1`. */
  readonly id: string;
  readonly state: 'carried' | 'rejected' | 'disabled';
  /** Why it is not carried over. */
  readonly reason?: string;
  /** What Envoy does in another way. */
  readonly differences?: readonly string[];
}

/** Those that a table reads, and whose faults show in the routes that refer to them. */
const READ_WITH_ROUTES = new Set(['upstreams', 'services', 'plugin_configs', 'global_rules']);
/** What has no use for a proxy, and is left behind. */
const ABOUT_APISIX = new Set(['plugins', 'data_plane', 'init_dir']);

/** What would be carried over of these documents, by their keys. */
export function reportOf(documents: ReadonlyMap<string, string>): readonly ReportedDocument[] {
  const table = new ApisixTable('');
  for (const [key, text] of documents) table.change(key, text);
  const { routes } = table.take();
  return [...documents.keys()].sort().flatMap((id): readonly ReportedDocument[] => {
    const [folder = ''] = id.split('/');
    const outcome = routes.get(id);
    if (outcome !== undefined) {
      if (outcome.rules === undefined) return [{ id, state: 'rejected', reason: outcome.rejected }];
      if (outcome.disabled === true) return [{ id, state: 'disabled' }];
      const { differences = [] } = outcome;
      return [{ id, state: 'carried', ...(differences.length > 0 && { differences }) }];
    }
    if (READ_WITH_ROUTES.has(folder) || ABOUT_APISIX.has(folder)) return [];
    return [{ id, state: 'rejected', reason: `documents of "${folder}" are not read` }];
  });
}
