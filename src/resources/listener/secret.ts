import { encode } from '../../protobuf/messages.js';
import { makeResource, type Resource } from '../../snapshot/resource.js';
import { TYPE_URL } from '../../snapshot/type-url.js';

const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret';

/** The SDS resource of a certificate with its private key, both PEM. */
export function certificateSecret(name: string, chain: string, key: string): Resource {
  const tls_certificate = {
    certificate_chain: { inline_string: chain },
    private_key: { inline_string: key },
  };
  return makeResource(TYPE_URL.secret, name, encode(SECRET, { name, tls_certificate }));
}

/** The SDS resource of the authorities, PEM, that may have signed a client's certificate. */
export function authoritySecret(name: string, ca: string): Resource {
  const validation_context = { trusted_ca: { inline_string: ca } };
  return makeResource(TYPE_URL.secret, name, encode(SECRET, { name, validation_context }));
}
