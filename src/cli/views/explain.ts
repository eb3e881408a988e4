import type { ServiceExplanation } from '../../admin/explain.js';
import { plain, table } from './table.js';

/** The answer of `/explain`. */
export interface ExplainAnswer {
  readonly services: readonly ServiceExplanation[];
}

/** How many proxies are named; of more, their number is told. */
const MOST_NAMED = 5;

export function explainText({ services }: ExplainAnswer): string {
  return services.map(serviceText).join('\n');
}

function serviceText(service: ServiceExplanation): string {
  return [
    headText(service),
    remarksText(service),
    instancesText(service),
    filteredText(service),
    resourcesText(service),
    refusalsText(service),
  ]
    .filter((text) => text !== '')
    .join('\n');
}

function headText({ name, registries, routed, served_from, default_service }: ServiceExplanation): string {
  const known = registries.length > 0 ? `known to ${registries.join(', ')}` : 'known to no registry';
  const from = {
    instances: 'served from its instances',
    default_service: `served from the default service ${default_service?.join(', ') ?? ''}`,
    nothing: 'served from nothing: Envoy answers 503',
  }[served_from];
  return `${plain(`${name}: ${known}, ${routed ? 'named by a route' : 'named by no route'}, ${from}`)}\n`;
}

function remarksText({ remarks }: ServiceExplanation): string {
  return remarks.map((remark) => `${plain(remark)}\n`).join('');
}

function instancesText({ instances }: ServiceExplanation): string {
  if (instances.length === 0) return '';
  return table(
    ['INSTANCE', 'WEIGHT', 'REGISTRY', 'SERVER', 'REMARKS'],
    instances.map(({ address, weight, registry, server, remarks }) => [
      address,
      weight,
      registry,
      server,
      remarks?.join('; ') ?? '',
    ]),
  );
}

function filteredText({ filtered }: ServiceExplanation): string {
  if (filtered.length === 0) return '';
  return table(
    ['NOT SERVED', 'REASON', 'REGISTRY', 'SERVER', 'DETAIL'],
    filtered.map(({ address, reason, registry, server, detail }) => [
      address,
      reason,
      registry,
      server,
      detail,
    ]),
  );
}

function resourcesText({ resources }: ServiceExplanation): string {
  if (resources.length === 0) return 'Not published yet.\n';
  return table(
    ['TYPE', 'RESOURCE', 'VERSION', 'ACKNOWLEDGED BY', 'WAITING', 'REFUSED'],
    resources.map(({ type, name, version, proxies }) => {
      const nodes = (...states: readonly string[]) =>
        nodesText(proxies.filter(({ status }) => states.includes(status)).map(({ node }) => node));
      return [type, name, version, nodes('SYNCED'), nodes('STALE', 'NOT_SENT'), nodes('ERROR')];
    }),
  );
}

function nodesText(nodes: readonly string[]): string {
  if (nodes.length === 0) return '-';
  const more = nodes.length - MOST_NAMED;
  return nodes.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function refusalsText({ resources }: ServiceExplanation): string {
  return resources
    .flatMap(({ type, name, proxies }) =>
      proxies.flatMap(({ node, refused }) =>
        refused === undefined
          ? []
          : [`${node} refused ${type} ${name} ${refused.version}: ${refused.message}`],
      ),
    )
    .map((line) => `${plain(line)}\n`)
    .join('');
}
