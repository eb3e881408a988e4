import { readFileSync } from 'node:fs';
import { type Document, parseDocument, Scalar } from 'yaml';
import type { Address } from '../model/address.js';
import { isAddress } from '../model/host.js';

export interface BootstrapOptions {
  /** Where Envoy finds Signalbox. */
  readonly xds: Address;
  /** Where Envoy's own admin interface listens. */
  readonly admin: Address;
  readonly mode: 'delta' | 'sotw';
  readonly node: string;
  readonly cluster: string;
  /** Paths of PEM files, as the proxy finds them: who signed Signalbox's certificate; plaintext without it. */
  readonly tlsCa?: string | undefined;
  /** The proxy's own certificate and key. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** Whether it reports the load of its clusters to Signalbox. */
  readonly loadReports: boolean;
  /** Where the proxy runs; a zone has it prefer that zone's instances of services that ask for it. */
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  readonly subZone?: string | undefined;
}

/** The cluster that stands for the proxies of this one's own zone. */
const LOCAL_CLUSTER = 'local_zone';

/** The bootstrap of `envoy/` with these values in it. */
export function envoyBootstrap(options: BootstrapOptions): string {
  const { xds, admin, mode, node, cluster, loadReports } = options;
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
  document.setIn(['node', 'id'], quoted(node));
  document.setIn(['node', 'cluster'], quoted(cluster));
  if (!loadReports) document.delete('cluster_manager');
  const tls = tlsSocket(options);
  if (tls !== undefined) document.setIn(['static_resources', 'clusters', 0, 'transport_socket'], tls);
  const locality = localityOf(options);
  if (locality !== undefined) document.setIn(['node', 'locality'], locality);
  if (options.zone !== undefined) preferOwnZone(document, { ...locality });
  document.commentBefore =
    ' An Envoy that takes its listeners, routes, clusters and endpoints from Signalbox.';
  return document.toString();
}

/** TLS towards Signalbox, whose certificate is to be for the very host that the proxy goes to. */
function tlsSocket({ xds: { host }, tlsCa, tlsCert, tlsKey }: BootstrapOptions) {
  if (tlsCa === undefined) return undefined;
  const [san_type, sni] = isAddress(host) ? ['IP_ADDRESS', {}] : ['DNS', { sni: host }];
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      ...sni,
      common_tls_context: {
        alpn_protocols: ['h2'],
        ...(tlsCert !== undefined &&
          tlsKey !== undefined && {
            tls_certificates: [
              { certificate_chain: { filename: tlsCert }, private_key: { filename: tlsKey } },
            ],
          }),
        validation_context: {
          trusted_ca: { filename: tlsCa },
          match_typed_subject_alt_names: [{ san_type, matcher: { exact: host } }],
        },
      },
    },
  };
}

/** Envoy reads YAML 1.1, to which a bare `n` or `off` is no text. */
function quoted(text: string): Scalar<string> {
  const scalar = new Scalar(text);
  scalar.type = 'QUOTE_DOUBLE';
  return scalar;
}

function localityOf({ region, zone, subZone }: BootstrapOptions): object | undefined {
  const given = Object.entries({ region, zone, sub_zone: subZone }).filter(
    ([, value]) => value !== undefined,
  );
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/**
 * Envoy's zone-aware routing spreads by how the proxies are spread over the zones, which none of them knows by itself.
 * Told of its own zone alone, and made to keep to it, it prefers that zone as long as it has a healthy instance.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/zone_aware
 */
function preferOwnZone(document: Document, locality: object): void {
  document.setIn(['cluster_manager', 'local_cluster_name'], LOCAL_CLUSTER);
  document.setIn(['layered_runtime'], {
    layers: [
      { name: 'bootstrap', static_layer: { 'upstream.zone_routing.force_local_zone.min_size': 1 } },
      { name: 'admin', admin_layer: {} },
    ],
  });
  const address = { socket_address: { address: '127.0.0.1', port_value: 1 } };
  document.addIn(['static_resources', 'clusters'], {
    name: LOCAL_CLUSTER,
    type: 'STATIC',
    load_assignment: {
      cluster_name: LOCAL_CLUSTER,
      endpoints: [{ locality, lb_endpoints: [{ endpoint: { address } }] }],
    },
  });
}
