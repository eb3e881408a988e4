import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { Address } from '../model/address.js';

export interface BootstrapOptions {
  /** Where Envoy finds Signalbox. */
  readonly xds: Address;
  /** Where Envoy's own admin interface listens. */
  readonly admin: Address;
  readonly mode: 'delta' | 'sotw';
  readonly node: string;
  readonly cluster: string;
  /** Whether it reports the load of its clusters to Signalbox. */
  readonly loadReports: boolean;
}

/** The bootstrap of `envoy/` with these values in it. */
export function envoyBootstrap({ xds, admin, mode, node, cluster, loadReports }: BootstrapOptions): string {
  const template = new URL(`../../envoy/bootstrap-${mode}.yaml`, import.meta.url);
  // Without the comment at its head, which is about the file in `envoy/`.
  const document = parseDocument(readFileSync(template, 'utf8').replace(/^(#.*\n)+/, ''));
  const set = (path: readonly (string | number)[], address: Address) => {
    document.setIn([...path, 'address', 'socket_address', 'address'], address.host);
    document.setIn([...path, 'address', 'socket_address', 'port_value'], address.port);
  };
  const endpoint = ['load_assignment', 'endpoints', 0, 'lb_endpoints', 0, 'endpoint'];
  set(['static_resources', 'clusters', 0, ...endpoint], xds);
  set(['admin'], admin);
  document.setIn(['node', 'id'], node);
  document.setIn(['node', 'cluster'], cluster);
  if (!loadReports) document.delete('cluster_manager');
  document.commentBefore =
    ' An Envoy that takes its listeners, routes, clusters and endpoints from Signalbox.';
  return document.toString();
}
