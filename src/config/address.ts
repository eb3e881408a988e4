import { z } from 'zod';
import { ADDRESS_EXPECTED, type Address, readAddress } from '../model/address.js';
import { isAddress } from '../model/host.js';

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
