import { readFileSync } from 'node:fs';
import { buildConnector } from 'undici';
import type { TlsOptions } from '../registry-options.js';

/**
 * Opens connections with the registry's TLS options. The PEM files are read for every new connection, so that a
 * renewed certificate counts without a restart.
 */
export function connector(timeout: number, tls: TlsOptions | undefined): buildConnector.connector {
  if (tls === undefined) return buildConnector({ timeout });
  return (options, callback) => {
    let connect: buildConnector.connector;
    try {
      connect = buildConnector({
        timeout,
        rejectUnauthorized: !tls.insecure_skip_verify,
        ...(tls.ca !== undefined && { ca: readFileSync(tls.ca) }),
        ...(tls.cert !== undefined && { cert: readFileSync(tls.cert) }),
        ...(tls.key !== undefined && { key: readFileSync(tls.key) }),
      });
    } catch (thrown) {
      callback(thrown instanceof Error ? thrown : new Error(String(thrown)), null);
      return;
    }
    connect(tls.server_name === undefined ? options : { ...options, servername: tls.server_name }, callback);
  };
}
