import type { ServiceExplanation } from '../../admin/explain.js';
import type { RouteExplanation } from '../../admin/explain-route.js';
import { printable } from '../../base/printable.js';
import { table } from './table.js';

/** The answer of `/explain`. */
export interface ExplainAnswer {
  readonly services: readonly ServiceExplanation[];
  readonly routes: readonly RouteExplanation[];
}

/** How many proxies are named; of more, their number is told. */
const MOST_NAMED = 5;

export function explainText({ services, routes }: ExplainAnswer): string {
  return [...services.map(serviceText), ...routes.map(routeText)].join('\n');
}

function routeText(route: RouteExplanation): string {
  const { id, source, state, reason, rule, services, resources } = route;
  const why = reason === undefined ? '' : `: ${reason}`;
  const to = services.length > 0 ? `, to ${services.join(', ')}` : '';
  const head = printable(`route ${rule?.name ?? id} of ${source}, ${state.replace('_', ' ')}${why}${to}`);
  const match = rule === null ? '' : `${printable(JSON.stringify(rule.match))}\n`;
  return `${head}\n${match}\n${resourcesText({ resources })}${refusalsText({ resources })}${releaseText(route)}`;
}

/** What of it the proxies do not get, and why. */
function releaseText({ release }: Pick<ServiceExplanation, 'release'>): string {
  // An older instance does not tell of proxies that are held back.
  const { pinned, quarantined, held_back: heldBack = [], inconsistent, rollout } = release;
  return [
    ...(pinned === null ? [] : [`version ${pinned} is pinned: nothing newer is served`]),
    ...quarantined.map(({ type, name, version, served, state, group, node, message }) =>
      state === 'kept'
        ? `${type} ${name} ${version} is rejected by ${node} and served on, since no other version is known to be accepted; ${node} said: ${message}`
        : `${type} ${name} ${version} is in quarantine for group ${group}, ${served ?? 'nothing'} is served instead; ${node} said: ${message}`,
    ),
    ...heldBack.map(
      ({ node, group, type, message }) =>
        `${node} of group ${group} rejects its ${type} alone, the others go on; it said: ${message}`,
    ),
    ...inconsistent.map(
      ({ type, name, missing }) => `not published: ${type} ${name} needs ${missing.type} ${missing.name}`,
    ),
    ...(rollout === null ? [] : [`the newest version reaches everyone at ${rollout.everyone_at}`]),
  ]
    .map((line) => `${printable(line)}\n`)
    .join('');
}

function heldText({ held }: ServiceExplanation): string {
  return held
    .map(
      ({ registry, until, addresses }) =>
        `${printable(`held back: ${registry} has lost ${addresses.join(', ')}, served until ${until}`)}\n`,
    )
    .join('');
}

function failingText({ failing, instances }: ServiceExplanation): string {
  return failing
    .map(({ registry, since, code, message }) => {
      const kept =
        code === 'service_name_invalid' || instances.length === 0 ? '' : '; its last good state is kept';
      return `${printable(`failing at ${registry} since ${since}: ${message}${kept}`)}\n`;
    })
    .join('');
}

function serviceText(service: ServiceExplanation): string {
  return [
    headText(service),
    remarksText(service),
    heldText(service),
    failingText(service),
    releaseText(service),
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
  return `${printable(`${name}: ${known}, ${routed ? 'named by a route' : 'named by no route'}, ${from}`)}\n`;
}

function remarksText({ remarks }: ServiceExplanation): string {
  return remarks.map((remark) => `${printable(remark)}\n`).join('');
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

function resourcesText({ resources }: Pick<ServiceExplanation, 'resources'>): string {
  if (resources.length === 0) return 'Not published yet.\n';
  return table(
    ['TYPE', 'RESOURCE', 'VERSION', 'ACKNOWLEDGED BY', 'WAITING', 'REFUSED'],
    resources.map(({ type, name, version, proxies }) => {
      const nodes = (...states: readonly string[]) =>
        nodesText(proxies.filter(({ status }) => states.includes(status)).map(({ node }) => node));
      return [type, name, version, nodes('SYNCED'), nodes('STALE', 'NOT_SENT', 'UNKNOWN'), nodes('ERROR')];
    }),
  );
}

function nodesText(nodes: readonly string[]): string {
  if (nodes.length === 0) return '-';
  const more = nodes.length - MOST_NAMED;
  return nodes.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function refusalsText({ resources }: Pick<ServiceExplanation, 'resources'>): string {
  return resources
    .flatMap(({ type, name, proxies }) =>
      proxies.flatMap(({ node, refused }) =>
        refused === undefined
          ? []
          : [`${node} refused ${type} ${name} ${refused.version}: ${refused.message}`],
      ),
    )
    .map((line) => `${printable(line)}\n`)
    .join('');
}
