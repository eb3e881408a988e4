import type { TransportSocket } from '../generated/types/envoy/config/core/v3/TransportSocket.js';
import type { CommonTlsContext } from '../generated/types/envoy/extensions/transport_sockets/tls/v3/CommonTlsContext.js';
import { isAddress } from '../model/host.js';
import { pack } from '../protobuf/messages.js';
import type { UpstreamTls } from './cluster-policy.js';

/** TLS towards the endpoints. Their certificates are checked where a CA is given. */
export function upstreamTls({ sni, ca, san, cert, key }: UpstreamTls): TransportSocket {
  const context: CommonTlsContext = {
    ...(ca !== undefined && {
      validation_context: {
        trusted_ca: { filename: ca },
        ...(san !== undefined && {
          match_typed_subject_alt_names: san.map((exact) => ({
            san_type: sanType(exact),
            matcher: { exact },
          })),
        }),
      },
    }),
    ...(cert !== undefined &&
      key !== undefined && {
        tls_certificates: [{ certificate_chain: { filename: cert }, private_key: { filename: key } }],
      }),
  };
  const typed_config = pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    common_tls_context: context,
    ...(sni !== undefined && { sni }),
  });
  return { name: 'envoy.transport_sockets.tls', typed_config };
}

function sanType(name: string): 'DNS' | 'IP_ADDRESS' | 'URI' {
  if (isAddress(name)) return 'IP_ADDRESS';
  return name.includes('://') ? 'URI' : 'DNS';
}
