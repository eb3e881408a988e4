import { distinctConsumers } from '../../model/consumer.js';
import { ApisixTable } from './table.js';

/** The outcome of one APISIX document. */
export interface ReportedDocument {
  /** Its key without APISIX's prefix, such as `routes/1`. */
  readonly id: string;
  readonly state: 'carried' | 'rejected' | 'disabled';
  /** Why it is not carried over. */
  readonly reason?: string;
  /** Differences between Envoy and APISIX. */
  readonly differences?: readonly string[];
}

/** Those that a table reads, and whose faults show in the routes and consumers that refer to them. */
const READ_WITH_ROUTES = new Set([
  ...['upstreams', 'services', 'plugin_configs', 'global_rules', 'consumer_groups'],
]);
const WILDCARDS = 'a wildcard name stands for names of any depth: APISIX takes one level';
const NO_CONSUMER = 'it is of no consumer';
/** Folders that have no meaning for a proxy. */
const ABOUT_APISIX = new Set(['plugins', 'data_plane', 'init_dir']);

/** Reports which of these documents would be carried over. */
export function reportOf(documents: ReadonlyMap<string, string>): readonly ReportedDocument[] {
  const table = new ApisixTable('');
  for (const [key, text] of documents) table.change(key, text);
  const { routes, consumers, certificates } = table.take();
  const placed = [...consumers].flatMap(([id, outcome]) =>
    outcome?.consumer === undefined ? [] : [{ id, consumer: outcome.consumer }],
  );
  const ofAll = distinctConsumers(placed.sort((a, b) => (a.id < b.id ? -1 : 1)));
  const refused = new Map([...ofAll.refused].map(([{ id }, reason]) => [id, reason]));
  return [...documents.keys()].sort().flatMap((id): readonly ReportedDocument[] => {
    const [folder = ''] = id.split('/');
    const outcome = routes.get(id);
    if (outcome !== undefined) {
      if (outcome.rules === undefined) return [{ id, state: 'rejected', reason: outcome.rejected }];
      if (outcome.disabled === true) return [{ id, state: 'disabled' }];
      const { differences = [] } = outcome;
      return [{ id, state: 'carried', ...(differences.length > 0 && { differences }) }];
    }
    const ssl = certificates.get(id);
    if (ssl !== undefined) {
      if (ssl.disabled === true) return [{ id, state: 'disabled' }];
      if (ssl.rejected !== undefined) return [{ id, state: 'rejected', reason: ssl.rejected }];
      const wild = ssl.certificate.hosts.some((host) => host.startsWith('*'));
      return [{ id, state: 'carried', ...(wild && { differences: [WILDCARDS] }) }];
    }
    if (folder === 'consumers') {
      const { consumer, rejected = NO_CONSUMER } = consumers.get(id) ?? {};
      const reason = consumer === undefined ? rejected : refused.get(id);
      return [reason === undefined ? { id, state: 'carried' } : { id, state: 'rejected', reason }];
    }
    if (READ_WITH_ROUTES.has(folder) || ABOUT_APISIX.has(folder)) return [];
    return [{ id, state: 'rejected', reason: `documents of "${folder}" are not read` }];
  });
}
