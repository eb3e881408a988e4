import type { ResourceSet } from '../snapshot/resource-set.js';
import { TYPE_URL } from '../snapshot/type-url.js';

/** Numbers that one state of a type has for the responses towards it. */
const REPEATS = 1296;
const TYPES: readonly string[] = Object.values(TYPE_URL);

export const NONCE_LENGTH = 10;

/**
 * The number of a stream's next response of a type. It follows from the state that the response leads to, so that
 * proxies in the same state have the same nonce whenever they came, and what is worked out for one of them counts for
 * all; a further response towards the same state has the next number. Never twice on a stream: the numbers of a type
 * only grow, and those of different types differ, but for types that nobody serves: an answer names its type too.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#ack-nack-and-resource-type-instance-version
 * @param last the number of the type's last response, 0 for none
 */
export function nextSerial(typeUrl: string, target: ResourceSet, last: number): number {
  // The empty set is one for all types.
  const type = TYPES.indexOf(typeUrl) + 1;
  return Math.max((target.id * REPEATS + type) * REPEATS, last + 1);
}

/** The nonce of a response by its number: digits and small letters, of one length. */
export function nonceOf(serial: number): string {
  return serial.toString(36).padStart(NONCE_LENGTH, '0');
}
