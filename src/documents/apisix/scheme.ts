import type { ServicePolicy } from '../../config/service-policy.js';

const SCHEMES = ['http', 'https', 'grpc', 'grpcs'] as const;
const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, grpc: 80, grpcs: 443 };
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Whether requests can be sent on by a scheme; `tcp`, `tls`, `udp` and `kafka` belong to stream routes. */
export function isScheme(scheme: unknown): boolean {
  return SCHEMES.some((known) => known === scheme);
}

/** The port that a scheme stands for. */
export function portOf(scheme: string): number {
  return PORTS[scheme] ?? 80;
}

/** How a service is spoken to by a scheme. As in APISIX, TLS names the host of the request (SNI) and checks no certificate. */
export function schemePolicy(scheme: string): ServicePolicy {
  if (scheme === 'grpc') return { protocol: 'grpc' };
  if (scheme !== 'https' && scheme !== 'grpcs') return {};
  const version = scheme === 'grpcs' ? 'http2_protocol_options' : 'http_protocol_options';
  return {
    tls: {},
    ...(scheme === 'grpcs' && { protocol: 'grpc' as const }),
    envoy: {
      typed_extension_protocol_options: {
        [HTTP_OPTIONS]: {
          '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
          upstream_http_protocol_options: { auto_sni: true },
          explicit_http_config: { [version]: {} },
        },
      },
    },
  };
}
