import type { loadList } from '../../admin/load.js';
import type { registryView } from '../../admin/registries.js';
import { printable } from '../../base/printable.js';
import type { ProxiesAnswer } from './proxies.js';
import type { ServicesAnswer } from './services.js';
import { table } from './table.js';

/** All that `signalbox top` shows, as the admin API answers it. */
export interface TopAnswer extends ServicesAnswer, ProxiesAnswer {
  /** Why it is not ready; null when it is. */
  readonly not_ready: string | null;
  readonly registries: readonly ReturnType<typeof registryView>[];
  readonly load: ReturnType<typeof loadList>['services'];
}

/** The rows of registries and of proxies that are shown live before the rest is a number. */
const MOST_ROWS = 6;
const TYPES = ['CDS', 'EDS', 'LDS', 'RDS'];

/**
 * Services, registries and proxies at a glance, what needs attention first.
 * @param rows how many lines there is room for; undefined: all
 */
export function topText(answer: TopAnswer, rows?: number): string {
  const most = rows === undefined ? Number.POSITIVE_INFINITY : MOST_ROWS;
  const above = [headText(answer), registriesText(answer, most), proxiesText(answer, most)].join('\n');
  const room = rows === undefined ? most : Math.max(3, rows - above.split('\n').length - 2);
  return `${above}\n${servicesText(answer, room)}`;
}

function headText({ not_ready, services, proxies }: TopAnswer): string {
  const sum = (key: 'instances' | 'filtered') => services.reduce((total, row) => total + row[key], 0);
  const synced = proxies.filter((proxy) => trouble(proxy) === 0).length;
  return [
    not_ready === null ? 'ready' : `NOT READY: ${printable(not_ready)}`,
    `${services.length} services, ${sum('instances')} instances, ${sum('filtered')} filtered`,
    `${proxies.length} proxies, ${synced} in sync\n`,
  ].join(' · ');
}

function registriesText({ registries }: TopAnswer, most: number): string {
  const ordered = [...registries].sort(
    (a, b) => Number(a.state === 'synced') - Number(b.state === 'synced') || order(a.registry, b.registry),
  );
  return limited(
    ['REGISTRY', 'SERVER', 'STATE', 'SERVICES', 'INSTANCES', 'FILTERED', 'LAST ERROR'],
    ordered.map((row) => [
      ...[row.registry, row.server, row.state, row.services, row.instances, row.filtered],
      row.state === 'synced' ? failingText(row) : (row.last_error?.message ?? '-'),
    ]),
    most,
  );
}

function failingText({ failing_services }: TopAnswer['registries'][number]): string {
  const first = failing_services?.first[0];
  if (failing_services === null || first === undefined) return '-';
  const others = failing_services.count === 1 ? '' : ` and ${failing_services.count - 1} more services`;
  return `${JSON.stringify(first.service)}${others} failing: ${first.message}`;
}

function proxiesText({ proxies }: TopAnswer, most: number): string {
  if (proxies.length === 0) return 'No proxy is connected.\n';
  const ordered = [...proxies].sort((a, b) => trouble(b) - trouble(a) || order(a.node.id, b.node.id));
  return limited(
    ['PROXY', 'PEER', ...TYPES],
    ordered.map(({ node, peer, types }) => [
      ...[node.id, peer],
      ...TYPES.map((type) => types[type]?.status ?? '-'),
    ]),
    most,
  );
}

function servicesText({ services, load }: TopAnswer, most: number): string {
  if (services.length === 0) return 'There are no services.\n';
  const loads = new Map(load.map((row) => [row.service, row.last_1m]));
  const rate = (name: string) => loads.get(name)?.requests_per_second ?? 0;
  const errors = (name: string) => loads.get(name)?.error_share ?? 0;
  const ordered = [...services].sort(
    (a, b) =>
      Number(b.served_from === 'nothing') - Number(a.served_from === 'nothing') ||
      errors(b.name) - errors(a.name) ||
      rate(b.name) - rate(a.name) ||
      order(a.name, b.name),
  );
  return limited(
    ['SERVICE', 'INSTANCES', 'FILTERED', 'SERVED FROM', 'REQ/S', 'ERRORS'],
    ordered.map(({ name, instances, filtered, served_from }) => [
      ...[name, instances, filtered, served_from],
      ...[loads.has(name) ? rate(name) : '-', loads.has(name) ? `${(errors(name) * 100).toFixed(1)}%` : '-'],
    ]),
    most,
  );
}

/** How far a proxy is from what it is to have. */
function trouble({ types }: ProxiesAnswer['proxies'][number]): number {
  const states = Object.values(types).map(({ status }) => status);
  if (states.includes('ERROR')) return 2;
  return states.some((state) => state !== 'SYNCED') ? 1 : 0;
}

function limited(headings: readonly string[], rows: readonly (readonly unknown[])[], most: number): string {
  const more = rows.length - most;
  return table(headings, rows.slice(0, most)) + (more > 0 ? `… and ${more} more\n` : '');
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
