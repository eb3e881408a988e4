import { isIPv6 } from 'node:net';
import type { Principal } from '../../generated/types/envoy/config/rbac/v3/Principal.js';
import type { ClientAddresses } from '../../model/route.js';
import { pack } from '../../protobuf/messages.js';

/** Who gets an answer by address, as rules of Envoy's RBAC; it has one list, of those that may or of those that may not. */
export function clientAddresses({ allow, deny = [], forwarded }: ClientAddresses) {
  const principals = (ranges: readonly string[]): Principal[] =>
    ranges.map((text) => {
      const range = cidr(text);
      return forwarded === true ? { remote_ip: range } : { direct_remote_ip: range };
    });
  const principal: Principal =
    allow === undefined
      ? { not_id: { or_ids: { ids: principals(deny) } } }
      : deny.length === 0
        ? { or_ids: { ids: principals(allow) } }
        : {
            and_ids: {
              ids: [
                { or_ids: { ids: principals(allow) } },
                { not_id: { or_ids: { ids: principals(deny) } } },
              ],
            },
          };
  return pack('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', {
    rbac: {
      rules: {
        action: 'ALLOW',
        policies: { addresses: { permissions: [{ any: true }], principals: [principal] } },
      },
    },
  });
}

function cidr(text: string) {
  const [address_prefix = '', bits] = text.split('/');
  const value = bits === undefined ? (isIPv6(address_prefix) ? 128 : 32) : Number(bits);
  return { address_prefix, prefix_len: { value } };
}
