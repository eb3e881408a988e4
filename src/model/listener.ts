import type { Address } from './address.js';
import type { EnvoyJson } from './envoy-json.js';
import type { RouteRule } from './route.js';

/** Where the connections of a TCP listener go: one service, or several by weight. */
export interface TcpTarget {
  readonly service_name?: string | undefined;
  readonly weighted?: readonly { readonly service_name: string; readonly weight: number }[] | undefined;
}

/** A certificate chain and its private key: paths of PEM files that this process reads. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
  /** The names (SNI) for which it is shown; without any, for all that no other one names. */
  readonly hosts?: readonly string[] | undefined;
  /** In place of the files: what a document says. */
  readonly content?: PairContent | undefined;
}

/** A certificate chain and its private key, PEM. */
export interface PairContent {
  readonly chain: string;
  readonly key: string;
}

/** TLS towards the clients of a listener. */
export interface ListenerTls {
  readonly certificates: readonly CertificatePair[];
  /** Those of documents too. */
  readonly documents?: boolean | undefined;
  /** The path of a PEM file: certificates of clients are checked against it. */
  readonly client_ca?: string | undefined;
  readonly require_client_certificate?: boolean | undefined;
  readonly min_version?: '1.2' | '1.3' | undefined;
  readonly alpn?: readonly string[] | undefined;
}

/** Where and how requests are logged. */
export interface AccessLog {
  readonly path: string;
  readonly format?: string | undefined;
  readonly json?: Readonly<Record<string, unknown>> | undefined;
}

/** A listener as an operator means it. Times are milliseconds, sizes bytes where their name does not say otherwise. */
export interface ListenerRule {
  readonly name: string;
  readonly address: Address;
  readonly protocol?: 'http' | 'tcp' | undefined;
  readonly stat_prefix?: string | undefined;
  readonly tls?: ListenerTls | undefined;
  /** TLS connections that go on as they are, by the name (SNI) that they ask for. */
  readonly tls_passthrough?: readonly (TcpTarget & { readonly sni: readonly string[] })[] | undefined;
  /** Connections begin with a PROXY header; `optional`: or do not. */
  readonly proxy_protocol?: boolean | 'optional' | undefined;
  readonly access_log?: AccessLog | undefined;
  readonly per_connection_buffer_limit_bytes?: number | undefined;
  readonly idle_timeout?: number | undefined;
  readonly envoy?: EnvoyJson | undefined;

  // Of TCP listeners.
  readonly service_name?: TcpTarget['service_name'];
  readonly weighted?: TcpTarget['weighted'];

  // Of HTTP listeners.
  readonly http_protocol?: 'auto' | 'http1' | 'http2' | undefined;
  readonly http2?:
    | {
        readonly max_concurrent_streams?: number | undefined;
        readonly initial_stream_window_size?: number | undefined;
        readonly initial_connection_window_size?: number | undefined;
      }
    | undefined;
  readonly use_remote_address?: boolean | undefined;
  readonly xff_num_trusted_hops?: number | undefined;
  readonly server_name?: string | undefined;
  readonly server_header_transformation?: 'OVERWRITE' | 'APPEND_IF_ABSENT' | 'PASS_THROUGH' | undefined;
  readonly stream_idle_timeout?: number | undefined;
  readonly request_timeout?: number | undefined;
  readonly request_headers_timeout?: number | undefined;
  readonly max_request_headers_kb?: number | undefined;
  readonly normalize_path?: boolean | undefined;
  readonly merge_slashes?: boolean | undefined;
  readonly escaped_slashes?: 'keep' | 'reject' | 'redirect' | 'forward' | undefined;
  /** Routes of this listener alone. */
  readonly routes?: readonly RouteRule[] | undefined;
  readonly http_connection_manager?: EnvoyJson | undefined;
  /** Filters before the router. */
  readonly http_filters?: readonly EnvoyJson[] | undefined;
}

/** The services that a listener sends connections to by itself. */
export function servicesOfListener({
  service_name,
  weighted,
  tls_passthrough = [],
}: ListenerRule): readonly string[] {
  return [{ service_name, weighted }, ...tls_passthrough].flatMap((target) => [
    ...(target.service_name === undefined ? [] : [target.service_name]),
    ...(target.weighted ?? []).map((part) => part.service_name),
  ]);
}

export function isHttp({ protocol = 'http' }: ListenerRule): boolean {
  return protocol === 'http';
}
