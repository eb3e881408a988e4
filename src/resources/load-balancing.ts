import type {
  Cluster,
  _envoy_config_cluster_v3_Cluster_CommonLbConfig as CommonLbConfig,
  _envoy_config_cluster_v3_Cluster_LbSubsetConfig as LbSubsetConfig,
  _envoy_config_cluster_v3_Cluster_SlowStartConfig as SlowStartConfig,
} from '../generated/types/envoy/config/cluster/v3/Cluster.js';
import type { ClusterPolicy, CommonLb } from './cluster-policy.js';
import { protoDuration } from './durations.js';
import { wrapped } from './wrapped.js';

/**
 * The load balancer of a cluster. An option of another one than the policy's is left out: it may come from `"*"`.
 * @param dns whether the cluster resolves host names: Envoy refuses to hash by host name where there is none
 */
export function loadBalancing(policy: ClusterPolicy, dns: boolean): Cluster {
  return {
    lb_policy: policy.lbPolicy,
    ...optionsOf(policy),
    ...(policy.common !== undefined && { common_lb_config: commonLb(policy.common, dns) }),
    ...(policy.subsets !== undefined && policy.subsets.length > 0 && { lb_subset_config: subsets(policy) }),
  };
}

function optionsOf(policy: ClusterPolicy): Cluster {
  const start = slowStart(policy);
  const { leastRequest, ringHash, maglev } = policy;
  switch (policy.lbPolicy) {
    case 'ROUND_ROBIN':
      return start === undefined ? {} : { round_robin_lb_config: { slow_start_config: start } };
    case 'LEAST_REQUEST': {
      if (leastRequest === undefined && start === undefined) return {};
      const { choice_count, active_request_bias: bias } = leastRequest ?? {};
      return {
        least_request_lb_config: {
          ...wrapped({ choice_count }),
          ...(bias !== undefined && {
            active_request_bias: {
              default_value: bias,
              runtime_key: 'upstream.least_request.active_request_bias',
            },
          }),
          ...(start !== undefined && { slow_start_config: start }),
        },
      };
    }
    case 'RING_HASH': {
      if (ringHash === undefined) return {};
      const { hash_function, ...sizes } = ringHash;
      return {
        ring_hash_lb_config: { ...wrapped(sizes), ...(hash_function !== undefined && { hash_function }) },
      };
    }
    case 'MAGLEV':
      return maglev === undefined ? {} : { maglev_lb_config: wrapped(maglev) };
    default:
      return {};
  }
}

function slowStart({ slowStart: said }: ClusterPolicy): SlowStartConfig | undefined {
  if (said === undefined || said.window === 0) return undefined;
  const { window, aggression, min_weight_percent: least } = said;
  return {
    slow_start_window: protoDuration(window),
    ...(aggression !== undefined && {
      aggression: { default_value: aggression, runtime_key: 'upstream.slow_start.aggression' },
    }),
    ...(least !== undefined && { min_weight_percent: { value: least } }),
  };
}

function commonLb(said: CommonLb, dns: boolean): CommonLbConfig {
  const { zone_aware_lb_config: zone, consistent_hashing_lb_config: hashing } = said;
  return {
    ...wrapped({ healthy_panic_threshold: said.healthy_panic_threshold }),
    ...(zone !== undefined && {
      zone_aware_lb_config: {
        ...wrapped({ routing_enabled: zone.routing_enabled, min_cluster_size: zone.min_cluster_size }),
        ...(zone.fail_traffic_on_panic === true && { fail_traffic_on_panic: true }),
      },
    }),
    ...(said.locality_weighted_lb_config !== undefined && { locality_weighted_lb_config: {} }),
    ...(said.update_merge_window !== undefined && {
      update_merge_window: protoDuration(said.update_merge_window),
    }),
    ...(said.ignore_new_hosts_until_first_hc === true && { ignore_new_hosts_until_first_hc: true }),
    ...(said.close_connections_on_host_set_change === true && { close_connections_on_host_set_change: true }),
    ...(hashing !== undefined && {
      consistent_hashing_lb_config: {
        ...(hashing.use_hostname_for_hashing === true && dns && { use_hostname_for_hashing: true }),
        ...wrapped({ hash_balance_factor: hashing.hash_balance_factor }),
      },
    }),
  };
}

/**
 * The subsets that routes name. A route that names none is served by every instance, so that the fallback of a named
 * one is each selector's own.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/subsets
 */
function subsets({ subsets: keys = [], subsetFallback, common }: ClusterPolicy): LbSubsetConfig {
  return {
    fallback_policy: 'ANY_ENDPOINT',
    subset_selectors: keys.map((selector) => ({
      keys: [...selector],
      fallback_policy: subsetFallback ?? 'NO_FALLBACK',
    })),
    ...(common?.locality_weighted_lb_config !== undefined && {
      locality_weight_aware: true,
      scale_locality_weight: true,
    }),
  };
}
