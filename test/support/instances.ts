import type { ServiceState } from '../../src/discovery/source.js';
import { splitAddress } from '../../src/model/host.js';
import type { Instance } from '../../src/model/instance.js';

/** An instance at `host:port`, IPv6 in brackets, of weight 1. */
export function instanceAt(address: string, more: Partial<Instance> = {}): Instance {
  const parts = splitAddress(address);
  if (parts === undefined) throw new Error(`no address: ${address}`);
  const host = parts.host.replace(/^\[|\]$/g, '');
  return { host, port: Number(parts.port), weight: 1, metadata: {}, ...more };
}

/** The state of a service with instances at these addresses. */
export function stateOf(...addresses: readonly string[]): ServiceState {
  return { instances: addresses.map((address) => instanceAt(address)), filtered: [] };
}
