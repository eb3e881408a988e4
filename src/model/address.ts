import { canonicalHost, splitAddress } from './host.js';

/** Where something listens. */
export interface Address {
  /** An IP address without brackets, or a host name. */
  readonly host: string;
  readonly port: number;
}

export const ADDRESS_EXPECTED =
  'expected an address such as "127.0.0.1:18000", "[::1]:18000" or "localhost:18000"';

/** Reads `host:port`, IPv6 in brackets; port 0 stands for one that the system chooses. */
export function readAddress(text: string): Address | undefined {
  const parts = splitAddress(text);
  const host = parts === undefined ? undefined : canonicalHost(parts.host);
  if (parts === undefined || host === undefined || !/^\d{1,5}$/.test(parts.port)) return undefined;
  const port = Number(parts.port);
  return port > 65535 ? undefined : { host, port };
}
