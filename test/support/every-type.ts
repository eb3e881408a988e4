import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { request } from 'undici';
import { structOf } from '../../src/protobuf/struct.js';
import { resource, resourceFromJson } from '../../src/resources/given.js';
import { certificateSecret } from '../../src/resources/listener/secret.js';
import { makeResource, type Resource } from '../../src/snapshot/resource.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import type { Certificates } from '../peers/certificates.js';
import type { Envoy } from '../peers/envoy.js';
import { freePort } from '../peers/process.js';

const TYPE = 'type.googleapis.com/envoy';
const ads = { ads: {}, resource_api_version: 'V3' };
const router = {
  name: 'router',
  typed_config: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` },
};
const everyHost = [
  { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }] },
];

/** The types whose resources Envoy takes from a control plane. */
export const EVERY_TYPE = ['CDS', 'EDS', 'LDS', 'RDS', 'SDS', 'ECDS', 'RTDS', 'SRDS', 'VHDS'] as const;
export type EveryType = (typeof EVERY_TYPE)[number];

/** Resources of every type for one Envoy: one of each with a TTL, and what it takes to see them without. */
export class EveryTypeLab {
  private constructor(
    private readonly mode: 'sotw' | 'delta',
    private readonly ttl: number,
    private readonly ports: readonly number[],
    private readonly certificates: Certificates,
  ) {}

  static async make(mode: 'sotw' | 'delta', ttl: number, certificates: Certificates): Promise<EveryTypeLab> {
    const ports = await Promise.all(Array.from({ length: 6 }, freePort));
    return new EveryTypeLab(mode, ttl, ports, certificates);
  }

  /** Envoy takes virtual hosts by delta alone. */
  get types(): readonly EveryType[] {
    return this.mode === 'delta' ? EVERY_TYPE : EVERY_TYPE.filter((type) => type !== 'VHDS');
  }

  /** Of a bootstrap, so that Envoy asks for the runtime layer. */
  static readonly runtime = {
    layers: [{ name: 'remote', rtds_layer: { name: 'layer', rtds_config: ads } }],
  };

  resources(): readonly Resource[] {
    const [own, routed, secure, extended, scoped, demanded] = this.ports;
    const { cert, key } = this.certificates.server;
    const secret = certificateSecret('certificate', readFileSync(cert, 'utf8'), readFileSync(key, 'utf8'));
    const inline = { route_config: { name: 'inline', virtual_hosts: everyHost } };
    const fragment = { header_value_extractor: { name: 'scope', index: 0 } };
    const rds = (name: string) => ({ rds: { route_config_name: name, config_source: ads } });
    const kept = [
      resourceFromJson(TYPE_URL.cluster, {
        name: 'assigned',
        type: 'EDS',
        eds_cluster_config: { eds_config: ads },
      }),
      listener('routed', routed, rds('routes')),
      listener('secure', secure, inline, [], {
        name: 'tls',
        typed_config: {
          '@type': `${TYPE}.extensions.transport_sockets.tls.v3.DownstreamTlsContext`,
          common_tls_context: {
            tls_certificate_sds_secret_configs: [{ name: 'certificate', sds_config: ads }],
          },
        },
      }),
      listener('extended', extended, inline, [
        {
          name: 'extension',
          config_discovery: {
            config_source: ads,
            type_urls: [`${TYPE}.extensions.filters.http.header_mutation.v3.HeaderMutation`],
          },
        },
      ]),
      listener('scoped', scoped, {
        scoped_routes: {
          name: 'scopes',
          scope_key_builder: { fragments: [fragment] },
          rds_config_source: ads,
          scoped_rds: { scoped_rds_config_source: ads },
        },
      }),
      routes('of-scope', { virtual_hosts: everyHost }),
    ];
    const expiring = [
      resourceFromJson(TYPE_URL.cluster, { name: 'own', type: 'STATIC' }),
      resourceFromJson(TYPE_URL.endpoints, {
        cluster_name: 'assigned',
        endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(own) } }] }],
      }),
      listener('own', own, inline),
      routes('routes', { virtual_hosts: everyHost }),
      secret,
      resourceFromJson(TYPE_URL.extensionConfig, {
        name: 'extension',
        typed_config: {
          '@type': `${TYPE}.extensions.filters.http.header_mutation.v3.HeaderMutation`,
          mutations: { response_mutations: [{ append: { header: { key: 'extended', value: 'yes' } } }] },
        },
      }),
      resource(TYPE_URL.runtime, { name: 'layer', layer: structOf({ 'test.key': 7 }) }),
      resourceFromJson(TYPE_URL.scopedRoute, {
        name: 'scope',
        route_configuration_name: 'of-scope',
        key: { fragments: [{ string_key: 'one' }] },
      }),
      ...(this.mode === 'delta'
        ? [
            resourceFromJson(TYPE_URL.virtualHost, {
              ...everyHost[0],
              name: 'demanded/host.test',
              domains: ['host.test'],
            }),
          ]
        : []),
    ].map(({ typeUrl, name, body, references }) => makeResource(typeUrl, name, body, references, this.ttl));
    const demand =
      this.mode === 'delta'
        ? [
            listener('demanded', demanded, rds('demanded'), [
              {
                name: 'on_demand',
                typed_config: { '@type': `${TYPE}.extensions.filters.http.on_demand.v3.OnDemand` },
              },
            ]),
            routes('demanded', { vhds: { config_source: ads } }),
          ]
        : [];
    return [...kept, ...expiring, ...demand];
  }

  /** Whether Envoy has the resource of each type that carries a TTL. */
  async seen(envoy: Envoy): Promise<Readonly<Partial<Record<EveryType, boolean>>>> {
    const [own = 0, , , extended = 0, scoped = 0, demanded = 0] = this.ports;
    const dump = await envoy.configDump();
    const has = (kind: string, list: string, name: string) =>
      JSON.stringify(dump.get(kind)?.[list] ?? []).includes(`"${name}"`);
    const endpoints = (await envoy.stats('cluster.assigned.membership_total')).get(
      'cluster.assigned.membership_total',
    );
    const runtime = JSON.parse(await envoy.get('/runtime')) as { readonly entries: object };
    return {
      CDS: has('ClustersConfigDump', 'dynamic_active_clusters', 'own'),
      EDS: endpoints === 1,
      LDS: await listens(own),
      RDS: has('RoutesConfigDump', 'dynamic_route_configs', 'routes'),
      SDS: has('SecretsConfigDump', 'dynamic_active_secrets', 'certificate'),
      ECDS: (await answer(extended)).headers.extended === 'yes',
      RTDS: 'test.key' in runtime.entries,
      SRDS: (await answer(scoped, { scope: 'one' })).statusCode === 200,
      ...(this.mode === 'delta' && {
        VHDS: await takes(demanded, 'host.test'),
      }),
    };
  }
}

/** Whether a new connection is taken: a listener that drains still answers on those that it has. */
async function listens(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket.on('connect', () => done(true));
    socket.on('error', () => done(false));
  });
}

/** A host that Envoy has to ask for is not answered while the control plane is away. */
async function takes(port: number, host: string): Promise<boolean> {
  const answered = request(`http://127.0.0.1:${port}/`, { headers: { host }, headersTimeout: 500 });
  return await answered.then(
    async ({ statusCode, body }) => {
      await body.dump();
      return statusCode === 200;
    },
    () => false,
  );
}

async function answer(port: number, headers: Readonly<Record<string, string>> = {}) {
  const answered = await request(`http://127.0.0.1:${port}/`, { headers });
  await answered.body.dump();
  return answered;
}

const socket = (port_value: number | undefined) => ({ socket_address: { address: '127.0.0.1', port_value } });

function routes(name: string, fields: object): Resource {
  return resourceFromJson(TYPE_URL.route, { name, ...fields });
}

function listener(
  name: string,
  port: number | undefined,
  source: object,
  filters: readonly object[] = [],
  transport_socket?: object,
): Resource {
  const manager = {
    '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    ...source,
    http_filters: [...filters, router],
  };
  return resourceFromJson(TYPE_URL.listener, {
    name,
    address: socket(port),
    filter_chains: [
      {
        filters: [{ name: 'http', typed_config: manager }],
        ...(transport_socket !== undefined && { transport_socket }),
      },
    ],
  });
}
