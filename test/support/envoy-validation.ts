import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toJson } from '../../src/protobuf/json.js';
import type { Resource } from '../../src/snapshot/resource.js';
import { messageName, TYPE_URL } from '../../src/snapshot/type-url.js';
import { installEnvoy } from '../peers/envoy.js';
import { PeerProcess } from '../peers/process.js';

type Json = Record<string, unknown>;

/**
 * Why a real Envoy does not take resources, or which of their fields it calls deprecated; undefined where it takes them
 * all. Its `--mode validate` knows no xDS, so they are given to it in its bootstrap: routes within their listener, load
 * assignments within their cluster, and those filters that come by ECDS and have nothing redacted within a listener of
 * their own.
 * @param resources of which no two of a type have one name, but for filters
 * @param texts what stands in the place of texts of the resources, such as paths of files that Envoy reads
 */
export async function envoyRefusal(
  resources: readonly Resource[],
  texts: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const program = await installEnvoy();
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-validate-'));
  try {
    const path = join(folder, 'envoy.json');
    const bootstrap = Object.entries(texts).reduce(
      (text, [said, real]) => text.replaceAll(JSON.stringify(said), () => JSON.stringify(real)),
      JSON.stringify(bootstrapOf(resources)),
    );
    writeFileSync(path, bootstrap);
    const envoy = PeerProcess.start('envoy', program, ['--mode', 'validate', '-c', path, '-l', 'warning']);
    await envoy.ended;
    const taken = envoy.exitCode === 0 && !envoy.output.includes('Using deprecated option');
    return taken ? undefined : envoy.output.slice(0, 4_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bootstrapOf(resources: readonly Resource[]): Json {
  const of = (typeUrl: string) =>
    resources
      .filter((resource) => resource.typeUrl === typeUrl)
      .map((resource): [string, Json] => [
        resource.name,
        toJson(messageName(typeUrl), resource.body) as Json,
      ]);
  const routes = new Map(of(TYPE_URL.route));
  const assignments = new Map(of(TYPE_URL.endpoints));
  const listeners = of(TYPE_URL.listener).map(([, listener], index) => ({
    ...(withRoutes(listener, routes) as Json),
    // Two listeners of different configurations may have one address.
    address: { socket_address: { address: '127.0.0.1', port_value: 1_024 + index } },
  }));
  const clusters = of(TYPE_URL.cluster).flatMap(([name, cluster]) => {
    const assignment = assignments.get(name);
    return assignment === undefined ? [cluster] : [cluster, withEndpoints(cluster, assignment)];
  });
  const filters = of(TYPE_URL.extensionConfig)
    .filter(([, filter]) => !JSON.stringify(filter).includes('[redacted]'))
    .map(([name, { typed_config }], index) => ({ name: `${name} ${index}`, typed_config }));
  const secrets = of(TYPE_URL.secret).map(([, secret]) => secret);
  return {
    node: { id: 'validated', cluster: 'validated' },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'signalbox under test' } }],
      },
    },
    static_resources: {
      listeners: [...listeners, listenerWith(filters)],
      clusters: [...clusters, CONTROL_PLANE],
      secrets,
    },
  };
}

function listenerWith(filters: readonly Json[]): Json {
  const type = 'type.googleapis.com/envoy.extensions.filters';
  const router = { name: 'router', typed_config: { '@type': `${type}.http.router.v3.Router` } };
  const manager = {
    '@type': `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'filters',
    route_config: {},
    http_filters: [...filters, router],
  };
  return {
    name: 'filters under test',
    address: { socket_address: { address: '127.0.0.1', port_value: 1_023 } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
  };
}

const CONTROL_PLANE = {
  name: 'signalbox under test',
  type: 'STATIC',
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

/** Puts the routes that a listener asks for by name in their place; all clusters of theirs must be there then. */
function withRoutes(value: unknown, routes: ReadonlyMap<string, Json>): unknown {
  if (Array.isArray(value)) return value.map((each) => withRoutes(each, routes));
  if (typeof value !== 'object' || value === null) return value;
  const { rds, ...rest } = value as Json;
  const mapped = Object.fromEntries(
    Object.entries(rest).map(([key, each]) => [key, withRoutes(each, routes)]),
  );
  if (rds === undefined) return mapped;
  const name = (rds as Json).route_config_name;
  const route_config = routes.get(String(name));
  if (route_config === undefined) throw new Error(`no route configuration ${String(name)}`);
  return { ...mapped, route_config };
}

/** A cluster with the load assignment that it would ask for. */
function withEndpoints({ eds_cluster_config: _, ...cluster }: Json, load_assignment: Json): Json {
  return { ...cluster, name: `${String(cluster.name)} with endpoints`, type: 'STATIC', load_assignment };
}
