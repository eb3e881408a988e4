import { readFileSync } from 'node:fs';
import { parseDocument, Scalar } from 'yaml';
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
}

/** The bootstrap of `envoy/` with these values in it. */
export function envoyBootstrap(options: BootstrapOptions): string {
  const { xds, admin, mode, node, cluster } = options;
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
  const tls = tlsSocket(options);
  if (tls !== undefined) document.setIn(['static_resources', 'clusters', 0, 'transport_socket'], tls);
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
