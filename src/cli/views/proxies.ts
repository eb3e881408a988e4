import type { proxyView } from '../../admin/proxies.js';
import { printable } from '../../base/printable.js';
import { table } from './table.js';

/** The answer of `/proxies`. */
export interface ProxiesAnswer {
  readonly proxies: readonly ReturnType<typeof proxyView>[];
}

const TYPES = ['CDS', 'EDS', 'LDS', 'RDS'];

export function proxiesText({ proxies }: ProxiesAnswer): string {
  if (proxies.length === 0) return 'No proxy is connected.\n';
  const rows = proxies.map(({ node, peer, variant, connected_since, types }) => [
    node.id,
    node.cluster,
    peer,
    variant,
    connected_since,
    ...TYPES.map((type) => types[type]?.status ?? '-'),
  ]);
  const headings = ['NODE', 'CLUSTER', 'PEER', 'VARIANT', 'CONNECTED SINCE', ...TYPES];
  return table(headings, rows) + refusals(proxies);
}

function refusals(proxies: ProxiesAnswer['proxies']): string {
  const lines = proxies.flatMap(({ node, types }) =>
    Object.entries(types).flatMap(([type, { rejected }]) =>
      rejected.map(
        ({ resource, version, message }) => `${node.id} refuses ${type} ${resource} ${version}: ${message}`,
      ),
    ),
  );
  return lines.length === 0 ? '' : `\n${lines.map((line) => `${printable(line)}\n`).join('')}`;
}
