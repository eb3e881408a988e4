import { readFileSync } from 'node:fs';
import { Channel, type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { messageOf, SignalboxError } from '../../errors.js';
import type { TlsOptions } from '../registry-options.js';
import { targetOf } from './endpoint.js';
import type { EtcdConnectionOptions } from './options.js';

/** etcd's server ends a connection that is pinged more often than every 5 s. */
const LEAST_PING_INTERVAL = 10_000;

/** One TCP connection to an endpoint. The PEM files are read each time, so that renewed ones count. */
export function openChannel(endpoint: string, options: EtcdConnectionOptions): Channel {
  const name = options.tls?.server_name;
  return new Channel(targetOf(endpoint), credentialsFor(endpoint, options.tls), {
    'grpc.keepalive_time_ms': Math.max(LEAST_PING_INTERVAL, options.keepalive_interval),
    'grpc.keepalive_timeout_ms': options.timeout.read,
    // One answer holds what one transaction or one page wrote, which may be many megabytes.
    'grpc.max_receive_message_length': options.max_answer,
    'grpc.max_send_message_length': -1,
    // A channel opened anew must not be given the hung connection of the one before.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
    'grpc.service_config_disable_resolution': 1,
    ...(name !== undefined && { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name }),
  });
}

function credentialsFor(endpoint: string, tls: TlsOptions | undefined): ChannelCredentials {
  if (!endpoint.startsWith('https:')) return credentials.createInsecure();
  return credentials.createSsl(pem(tls?.ca), pem(tls?.key), pem(tls?.cert), {
    rejectUnauthorized: tls?.insecure_skip_verify !== true,
  });
}

function pem(path: string | undefined): Buffer | null {
  if (path === undefined) return null;
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw new SignalboxError('config_unreadable', `cannot read a TLS file: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}
