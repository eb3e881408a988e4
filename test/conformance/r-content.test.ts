import { expect } from 'vitest';
import { decode } from '../../src/protobuf/messages.js';
import { messageName } from '../../src/snapshot/type-url.js';
import {
  addresses,
  envoyRefuses,
  envoyRefusesCluster,
  envoyRefusesListeners,
  envoyRefusesRoutes,
  managersOf,
  sourcesNotV3,
  strictlyWrong,
} from './envoy-checks.js';
import { publishedProtos, violations } from './pgv.js';
import { plantRule, type Services } from './plant.js';
import { CDS, EDS, LDS, RDS, type ScriptedProxy } from './scripted-proxy.js';
import type { ReceivedResource } from './wire.js';

/** Registries hold all of this, and worse. */
const SERVICES: Services = {
  plain: [
    { host: '127.0.0.1', port: 8_001 },
    { host: '127.0.0.2', port: 8_001, weight: 3 },
  ],
  twice: [
    { host: '10.0.0.1', port: 80, weight: 2 },
    { host: '10.0.0.1', port: 80, weight: 5 },
  ],
  v6: [
    { host: '[::1]', port: 80 },
    { host: 'fe80:0:0::1', port: 80 },
    { host: 'FE80::1', port: 80 },
  ],
  names: [
    { host: 'localhost', port: 80 },
    { host: '127.0.0.1', port: 81, weight: 0.5 },
  ],
  heavy: [
    { host: '10.0.0.1', port: 80, weight: 4_294_967_295 },
    { host: '10.0.0.2', port: 80, weight: 4_294_967_295 },
    { host: '10.0.0.3', port: 80, weight: 0.000_001 },
  ],
  fractions: [
    { host: '10.0.0.1', port: 80, weight: 0.1 },
    { host: '10.0.0.2', port: 80, weight: 0.25 },
  ],
  none: [],
  down: [{ host: '10.0.0.1', port: 80, status: 'down' }],
  odd: [
    { host: '10.0.0.1', port: 0 },
    { host: '10.0.0.1', port: 70_000 },
    { host: 'bad host', port: 80 },
    { host: '10.0.0.300', port: 80 },
    { host: '10.0.0.1', port: 80, weight: 0 },
    { host: '10.0.0.2', port: 80, weight: -1 },
    { host: '10.0.0.3', port: 80, weight: 'heavy', metadata: { version: 'v1', nested: { deep: true } } },
    { port: 80 },
  ],
  zones: [
    { host: '10.0.0.1', port: 80, locality: { region: 'r', zone: 'a' } },
    { host: '10.0.0.2', port: 80, locality: { region: 'r', zone: 'b' }, weight: 4_294_967_295 },
    { host: '10.0.0.3', port: 80, locality: { region: 'r', zone: 'a' }, weight: 4_294_967_295 },
    { host: '10.0.0.4', port: 80 },
  ],
  'with.dots/and slash': [{ host: '10.0.0.1', port: 80 }],
};

const CONFIG = {
  auto_routes: true,
  services: {
    '*': { connect_timeout: '1s', outlier_detection: { consecutive_5xx: 5 } },
    plain: {
      lb_policy: 'LEAST_REQUEST',
      connect_timeout: '1500ms',
      slow_start: '10s',
      health_check: { path: '/health' },
      circuit_breakers: { max_connections: 10, max_retries: 1 },
    },
    v6: { protocol: 'http2', health_check: { grpc: true }, lb_policy: 'RING_HASH' },
    names: {
      tls: { sni: 'example.com', ca: '/etc/ca.pem', san: ['example.com'] },
      health_check: { tcp: true },
    },
    heavy: { lb_policy: 'MAGLEV', slow_start: '5s' },
    fractions: { lb_policy: 'RANDOM', slow_start: '5s' },
    split: {
      sources: [
        { service: 'plain', weight: 0.3, priority: 2 },
        { service: 'zones', priority: 4 },
        { service: 'plain', priority: 4, where: { metadata: { version: 'v9' } } },
      ],
    },
  },
  listeners: [
    { name: 'http', address: '0.0.0.0:10000' },
    { name: 'v6', address: '[::]:10001' },
  ],
  routes: [
    { match: { prefix: '/a/' }, service_name: 'plain', rewrite: { prefix: '/' } },
    { match: { prefix: '/users' }, service_name: 'unknown', rewrite: { prefix: '/' } },
    {
      hosts: ['api.example.com', 'API.example.com', '*.example.com'],
      match: { path: '/x' },
      service_name: 'v6',
    },
    { hosts: ['example.*'], match: { prefix: '/' }, service_name: 'names' },
  ],
};

interface Everything {
  readonly clusters: readonly ReceivedResource[];
  readonly assignments: readonly ReceivedResource[];
  readonly listeners: readonly ReceivedResource[];
  readonly routes: readonly ReceivedResource[];
}

/** Follows every reference, as Envoy does. */
async function fetchAll(proxy: ScriptedProxy): Promise<Everything> {
  const clusters = (await proxy.hold(CDS)).resources;
  const byEds = clusters
    .map(({ body }) => decode('envoy.config.cluster.v3.Cluster', body))
    .filter(({ type }) => type === 'EDS')
    .map((cluster) => cluster.eds_cluster_config?.service_name || (cluster.name ?? ''));
  const assignments = (await proxy.hold(EDS, ...byEds)).resources;
  const listeners = (await proxy.hold(LDS)).resources;
  const tables = listeners
    .flatMap(({ body }) => managersOf(decode('envoy.config.listener.v3.Listener', body)))
    .map((manager) => manager.rds?.route_config_name ?? '');
  const routes = (await proxy.hold(RDS, ...tables)).resources;
  expect(assignments.map(({ name }) => name).sort()).toEqual([...byEds].sort());
  expect(routes.map(({ name }) => name).sort()).toEqual([...tables].sort());
  return { clusters, assignments, listeners, routes };
}

plantRule(
  'R04',
  SERVICES,
  async ({ proxy }) => {
    const all = await fetchAll(proxy);
    const root = await publishedProtos();
    const everything = Object.values(all).flat();
    expect(everything.length).toBeGreaterThan(20);
    for (const { typeUrl, body, name } of everything)
      expect(violations(root, messageName(typeUrl), body), name).toEqual([]);

    const clusters = all.clusters.map(({ body }) => decode('envoy.config.cluster.v3.Cluster', body));
    const listeners = all.listeners.map(({ body }) => decode('envoy.config.listener.v3.Listener', body));
    expect(new Set(clusters.map(({ name }) => name)).size).toBe(clusters.length);
    expect(clusters.flatMap(envoyRefusesCluster)).toEqual([]);
    expect(listeners).toHaveLength(2);
    expect(envoyRefusesListeners(listeners)).toEqual([]);
    for (const { body, name } of all.assignments)
      expect(envoyRefuses(decode('envoy.config.endpoint.v3.ClusterLoadAssignment', body)), name).toEqual([]);
    for (const { body, name } of all.routes)
      expect(envoyRefusesRoutes(decode('envoy.config.route.v3.RouteConfiguration', body)), name).toEqual([]);
  },
  CONFIG,
);

plantRule(
  'R05',
  SERVICES,
  async ({ proxy }) => {
    const all = await fetchAll(proxy);
    for (const { body, name } of all.assignments) {
      const assignment = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', body);
      expect(strictlyWrong(assignment), name).toEqual([]);
    }
    for (const { body, name } of all.clusters) {
      const cluster = decode('envoy.config.cluster.v3.Cluster', body);
      expect(sourcesNotV3(cluster, undefined), name).toEqual([]);
      if (cluster.load_assignment) expect(strictlyWrong(cluster.load_assignment), name).toEqual([]);
    }
    for (const { body, name } of all.listeners) {
      const listener = decode('envoy.config.listener.v3.Listener', body);
      expect(managersOf(listener), name).toHaveLength(1);
      expect(sourcesNotV3(undefined, listener), name).toEqual([]);
    }
  },
  CONFIG,
);

plantRule(
  'R06',
  SERVICES,
  async ({ proxy }) => {
    const { clusters, routes } = await fetchAll(proxy);
    const known = new Set(clusters.map(({ name }) => name));
    const named = routes
      .map(({ body }) => decode('envoy.config.route.v3.RouteConfiguration', body))
      .flatMap(({ virtual_hosts = [] }) => virtual_hosts.flatMap((host) => host.routes ?? []))
      .map((route) => route.route?.cluster ?? '');
    expect(named).toContain('unknown');
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  },
  CONFIG,
);

plantRule(
  'R46',
  { none: [], down: [{ host: '10.0.0.1', port: 80, status: 'down' }], web: [{ host: '10.0.0.1', port: 80 }] },
  async ({ proxy }) => {
    const { clusters, assignments } = await fetchAll(proxy);
    expect(clusters.map(({ name }) => name).sort()).toEqual(['down', 'none', 'unknown', 'web']);
    const counts = assignments.map(({ name, body }) => [
      name,
      addresses(decode('envoy.config.endpoint.v3.ClusterLoadAssignment', body)).length,
    ]);
    expect(Object.fromEntries(counts)).toEqual({ down: 0, none: 0, unknown: 0, web: 1 });
  },
  { listeners: CONFIG.listeners, routes: [{ match: { prefix: '/' }, service_name: 'unknown' }] },
);
