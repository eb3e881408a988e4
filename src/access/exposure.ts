import type { Config } from '../config/schema.js';
import { isLoopback } from '../xds/guard/client-count.js';

/** Why others than this machine's own programs can read what is served; undefined where they cannot. */
export function exposure({
  xds,
  allow,
}: {
  readonly xds: Pick<Config['xds'], 'listen' | 'tls'>;
  readonly allow?: Config['allow'];
}): string | undefined {
  const { host } = xds.listen;
  if (host === 'localhost' || isLoopback(host)) return undefined;
  if (xds.tls === undefined)
    return 'the xDS port is open beyond this machine without TLS: anyone on the way can read and change what proxies get';
  if (allow === undefined && !xds.tls.require_client_certificate)
    return 'the xDS port is open beyond this machine without "allow" or client certificates: anyone can ask for any configuration';
  return undefined;
}
