import { z } from 'zod';
import { canonicalHost, isAddress, splitAddress } from '../model/host.js';

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

/** Where this process listens. */
export const listenAddress = z.string().transform((text, context): Address => {
  const address = readAddress(text);
  if (address !== undefined) return address;
  context.addIssue(ADDRESS_EXPECTED);
  return z.NEVER;
});

/** Where Envoy listens: it takes IP addresses only, and a port that is known. */
export const envoyListenAddress = z.string().transform((text, context): Address => {
  const address = readAddress(text);
  if (address !== undefined && isAddress(address.host) && address.port > 0) return address;
  context.addIssue('expected an IP address and a port, such as "0.0.0.0:10000" or "[::]:10000"');
  return z.NEVER;
});
