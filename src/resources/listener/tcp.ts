import type { Filter } from '../../generated/types/envoy/config/listener/v3/Filter.js';
import type { ListenerRule, TcpTarget } from '../../model/listener.js';
import { pack } from '../../protobuf/messages.js';
import { protoDuration } from '../durations.js';
import { accessLogs } from './access-log.js';

/** The filter that hands the bytes of connections on to a service. */
export function tcpProxy(listener: ListenerRule, { service_name, weighted }: TcpTarget): Filter {
  const typed_config = pack('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
    stat_prefix: listener.stat_prefix ?? listener.name,
    ...(weighted === undefined
      ? { cluster: service_name ?? '' }
      : {
          weighted_clusters: {
            // Envoy takes no weight of 0 here.
            clusters: weighted
              .filter(({ weight }) => weight > 0)
              .map(({ service_name: name, weight }) => ({ name, weight })),
          },
        }),
    ...(listener.idle_timeout !== undefined && { idle_timeout: protoDuration(listener.idle_timeout) }),
    ...(listener.access_log !== undefined && { access_log: accessLogs(listener.access_log) }),
  });
  return { name: 'envoy.filters.network.tcp_proxy', typed_config };
}
