import type { Instance, InstancePolicy } from '../model/instance.js';
import { isSecure, mostly, mostSaid, wantsHttp2 } from './policy.js';

/**
 * What the instances of a service said last of how it is to be treated. A service that has lost its last instance keeps
 * its cluster as it was, so that Envoy does not define it anew when it empties and again when it fills.
 */
export class LastWords {
  /** One or two instances for each service, whatever it had. */
  readonly #services = new Map<string, readonly Instance[]>();

  /** Takes up what a service has now. @returns stand-ins for its instances; none while it has some */
  update(name: string, instances: readonly Instance[]): readonly Instance[] {
    if (instances.length === 0) return this.#services.get(name) ?? [];
    if (instances.some(saysAnything)) this.#services.set(name, standIns(instances));
    else this.#services.delete(name);
    return [];
  }

  forget(name: string): void {
    this.#services.delete(name);
  }

  /** Forgets all other services. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#services.keys()) if (!names.has(name)) this.forget(name);
  }
}

function saysAnything({ policy, secure }: Instance): boolean {
  return policy !== undefined || secure === true;
}

/** Instances of whom the policy of the cluster is that of all these. */
function standIns(instances: readonly Instance[]): readonly Instance[] {
  const said = {
    slowStartSeconds: mostSaid(instances, 'slowStartSeconds'),
    healthCheckPath: mostSaid(instances, 'healthCheckPath'),
    maxFails: mostSaid(instances, 'maxFails'),
    failTimeoutSeconds: mostSaid(instances, 'failTimeoutSeconds'),
    http2: mostly(instances, wantsHttp2),
  };
  const policy: InstancePolicy = Object.fromEntries(
    Object.entries(said).filter(([, value]) => value !== undefined),
  );
  const plain: Instance = { host: '0.0.0.0', port: 1, weight: 1, metadata: {}, policy };
  const secure = instances.filter(isSecure).length;
  return [...(secure > 0 ? [{ ...plain, secure: true }] : []), ...(secure < instances.length ? [plain] : [])];
}
