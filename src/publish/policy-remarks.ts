import type { ServicePolicy } from '../config/service-policy.js';
import { addressOf, type Instance, type InstancePolicy } from '../model/instance.js';
import { firstSaid, isSecure, mostly, type Said, tally, wantsHttp2 } from './policy.js';

/** The options of an instance that a cluster has one value for, as registries spell them, and what overrides them. */
const SETTLED = [
  ['slow_start', 'slowStartSeconds', 'slow_start', ' s'],
  ['checkurl', 'healthCheckPath', 'health_check', ''],
  ['max_fails', 'maxFails', 'outlier_detection', ''],
  ['fail_timeout', 'failTimeoutSeconds', 'outlier_detection', ' s'],
] as const satisfies readonly (readonly [string, keyof InstancePolicy, string, string])[];

/**
 * How a policy was settled that only some instances say, or say differently, in words for `explain`.
 * @param instances those that are served
 */
export function policyRemarks(said: Said, instances: readonly Instance[]): readonly string[] {
  return [
    ...SETTLED.flatMap(([option, key, owner, unit]) => {
      const values = tally(instances, key);
      const [winner] = values;
      if (winner === undefined) return [];
      if (firstSaid(said, owner) !== undefined)
        return [`${option} of the instances does not count: the configuration has "${owner}"`];
      const silent = instances.length - values.reduce((sum, [, count]) => sum + count, 0);
      if (values.length === 1 && silent === 0) return [];
      const others = values.slice(1).map(([value, count]) => `${count} say ${value}${unit}`);
      const rest = [...others, ...(silent > 0 ? [`${silent} say nothing`] : [])].join(', ');
      const meaning = key === 'healthCheckPath' ? '; those that do not say it are not checked' : '';
      return [
        `${option} is ${winner[0]}${unit}, as ${winner[1]} of ${instances.length} instances say (${rest})${meaning}`,
      ];
    }),
    ...tlsRemarks(firstSaid(said, 'tls'), instances),
    ...divided('HTTP/2', wantsHttp2, firstSaid(said, 'protocol') !== undefined, instances),
  ];
}

/** To whom TLS is spoken and why, and whether certificates are checked. */
function tlsRemarks(said: ServicePolicy['tls'], instances: readonly Instance[]): readonly string[] {
  const asking = instances.filter(isSecure);
  const count = `${asking.length} of ${instances.length} instances`;
  const words = [...new Set(asking.map(({ secureBy = 'secure' }) => secureBy))].sort();
  const by = words.length > 3 ? `${words.slice(0, 3).join(', ')} and others` : words.join(', ');
  if (said === false)
    return asking.length === 0
      ? []
      : [`TLS is spoken to none, as the configuration says; ${count} ask for it (${by})`];
  if (said === undefined || said.when === 'secure') {
    if (asking.length === 0) return [];
    return [`TLS is spoken to ${count}, which ask for it (${by}); ${certificates(said)}`];
  }
  return [`TLS is spoken to all, as the configuration says; ${certificates(said)}`];
}

function certificates(tls: Exclude<ServicePolicy['tls'], false>): string {
  if (tls?.ca === undefined) return 'their certificates are not checked: "tls" of the service has no "ca"';
  const names = tls.san === undefined ? ', whatever name they are for: "tls" has no "san"' : '';
  return `their certificates are checked against ${tls.ca}${names}`;
}

function divided(
  what: string,
  does: (instance: Instance) => boolean,
  overridden: boolean,
  instances: readonly Instance[],
): readonly string[] {
  const count = instances.filter(does).length;
  if (count === 0 || count === instances.length || overridden) return [];
  const spoken = mostly(instances, does);
  const losers = instances.filter((instance) => does(instance) !== spoken).map(addressOf);
  const named = losers.length > 3 ? `${losers.slice(0, 3).join(', ')} and others` : losers.join(', ');
  const verdict = spoken ? `${what} is spoken to all` : `${what} is spoken to none`;
  return [`${verdict}: ${count} of ${instances.length} instances ask for it (otherwise: ${named})`];
}
