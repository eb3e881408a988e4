import type { TransportSocket } from '../../generated/types/envoy/config/core/v3/TransportSocket.js';
import type { SdsSecretConfig } from '../../generated/types/envoy/extensions/transport_sockets/tls/v3/SdsSecretConfig.js';
import type { CertificatePair, ListenerRule, ListenerTls } from '../../model/listener.js';
import { pack } from '../../protobuf/messages.js';
import type { Resource } from '../../snapshot/resource.js';
import { ADS } from '../cluster.js';
import { certificateSecret } from './secret.js';

/** What stands behind a secret's name: files that this process reads. */
export type SecretFiles =
  | { readonly name: string; readonly cert: string; readonly key: string }
  | { readonly name: string; readonly ca: string };

/** The certificates that are shown for the same names, and their secrets' names. */
export interface CertificateGroup {
  /** Empty: for every name that no other group has. */
  readonly hosts: readonly string[];
  readonly secrets: readonly (CertificatePair & { readonly name: string })[];
}

/**
 * The certificates of a listener by the names for which they are shown. A secret is named by what it is for, not by its
 * place in the list or its files: these may change without a change of the listener, which would drain its connections.
 */
export function certificateGroups({ name, tls }: ListenerRule): readonly CertificateGroup[] {
  const groups = new Map<string, CertificatePair[]>();
  for (const pair of tls?.certificates ?? []) {
    const key = [...new Set(pair.hosts ?? [])].sort().join(',');
    groups.set(key, [...(groups.get(key) ?? []), pair]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, pairs]) => ({
      hosts: key === '' ? [] : key.split(','),
      secrets: pairs.map((pair, index) => ({
        ...pair,
        name: `${secretPrefix(name)}${key === '' ? 'default' : key}${index === 0 ? '' : `#${index + 1}`}`,
      })),
    }));
}

/** What the names of a listener's secrets begin with. */
export function secretPrefix(listener: string): string {
  return `listener ${listener}: `;
}

/** The secrets of a listener that documents say. */
export function documentSecrets(listener: ListenerRule): readonly Resource[] {
  return certificateGroups(listener).flatMap(({ secrets }) =>
    secrets.flatMap(({ name, content }) =>
      content === undefined ? [] : [certificateSecret(name, content.chain, content.key)],
    ),
  );
}

/** Every secret of files that a listener needs. */
export function secretsOf(listener: ListenerRule): readonly SecretFiles[] {
  const { client_ca } = listener.tls ?? {};
  return [
    ...certificateGroups(listener).flatMap(({ secrets }) =>
      secrets.flatMap(({ name, cert, key, content }) => (content === undefined ? [{ name, cert, key }] : [])),
    ),
    ...(client_ca === undefined ? [] : [{ name: clientCaName(listener.name), ca: client_ca }]),
  ];
}

/** Ends TLS with the certificates of a group, which Envoy asks for by SDS. */
export function downstreamTls(
  listener: ListenerRule,
  tls: ListenerTls,
  group: CertificateGroup,
): TransportSocket {
  const { client_ca, require_client_certificate, min_version } = tls;
  const alpn = tls.alpn ?? ALPN[listener.protocol === 'tcp' ? 'tcp' : (listener.http_protocol ?? 'auto')];
  const typed_config = pack('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
    common_tls_context: {
      tls_certificate_sds_secret_configs: group.secrets.map(({ name }) => bySds(name)),
      ...(client_ca !== undefined && {
        validation_context_sds_secret_config: bySds(clientCaName(listener.name)),
      }),
      ...(min_version !== undefined && {
        tls_params: { tls_minimum_protocol_version: min_version === '1.3' ? 'TLSv1_3' : 'TLSv1_2' },
      }),
      ...(alpn.length > 0 && { alpn_protocols: [...alpn] }),
    },
    ...(require_client_certificate === true && { require_client_certificate: { value: true } }),
  });
  return { name: 'envoy.transport_sockets.tls', typed_config };
}

const ALPN: Readonly<Record<'auto' | 'http1' | 'http2' | 'tcp', readonly string[]>> = {
  auto: ['h2', 'http/1.1'],
  http1: ['http/1.1'],
  http2: ['h2'],
  tcp: [],
};

function bySds(name: string): SdsSecretConfig {
  return { name, sds_config: ADS };
}

function clientCaName(listener: string): string {
  return `${secretPrefix(listener)}client CA`;
}
