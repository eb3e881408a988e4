import type { ServiceKey } from '../discovery/source.js';
import type { Instance } from '../model/instance.js';
import { keyText } from './key-text.js';
import { drop, isMassLoss, type MassLossLimits, missing } from './mass-loss.js';
import { type Ageing, addressesOf, RecentService, type ServiceChange } from './recent-service.js';

const NOTHING = { lost: 0, gained: 0, brief: 0, dropped: 0, services: 0, instances: 0 };

/**
 * What one source lost within a sliding window, and which of it is not believed. That depends on what the registry had
 * when the window began and what it has now only, so it is the same however a loss is cut into answers.
 */
export class LossWindow {
  readonly #services = new Map<string, RecentService>();
  readonly #ageing: Ageing = new Set();
  readonly #total = { present: 0, ...NOTHING };
  /** Whether the registry as a whole has lost too much. */
  #everywhere = false;

  constructor(private readonly limits: Omit<MassLossLimits, 'hold'>) {}

  /** How many services it remembers: those to which instances came, or from which they went, within the window. */
  get size(): number {
    return this.#services.size;
  }

  /** How much is held. */
  get held(): { readonly services: number; readonly instances: number } {
    return this.#total;
  }

  /** The instances of a service that are to be served although they are gone. */
  heldOf(key: ServiceKey): readonly Instance[] {
    return this.#services.get(keyText(key))?.heldInstances() ?? [];
  }

  /** Takes the first answer in: nothing is known of what the registry had before. */
  start(changes: readonly ServiceChange[]): void {
    for (const { after } of changes) this.#total.present += addressesOf(after).size;
  }

  /**
   * Takes an answer in.
   * @param now milliseconds of a clock that never goes back
   * @returns the services whose instances changed, or which of them are held
   */
  take(changes: readonly ServiceChange[], now: number): readonly ServiceKey[] {
    this.#age(now);
    if (changes.length === 0) return [];
    // What the window has left behind, and each that is back, is missing no more.
    const dropped = Math.min(this.#total.dropped, this.#total.brief);
    let [went, came] = [0, 0];
    const changed = new Set<RecentService>();
    for (const change of changes) {
      const service = this.#serviceOf(change.key);
      this.#count(service, () => {
        const turnover = service.take(change, now);
        this.#total.present += turnover.growth;
        went += turnover.went;
        came += turnover.came;
      });
      changed.add(service);
    }
    this.#total.dropped = Math.min(drop(dropped, went, came), this.#total.brief);
    const { registry, large } = this.limits;
    const everywhere = isMassLoss(this.#total, registry, large);
    const others = everywhere === this.#everywhere ? [] : this.#services.values();
    this.#everywhere = everywhere;
    for (const service of new Set([...changed, ...others])) if (this.#judge(service)) changed.add(service);
    return [...changed].map(({ key }) => key);
  }

  /** Believes everything: what the registry has now is what it had. @returns the services of which instances were held */
  believe(): readonly ServiceKey[] {
    const held = [...this.#services.values()].filter((service) => service.held);
    this.#services.clear();
    this.#ageing.clear();
    Object.assign(this.#total, NOTHING);
    return held.map(({ key }) => key);
  }

  #age(now: number): void {
    for (const change of this.#ageing) {
      if (change.at > now - this.limits.window) return;
      this.#count(change.service, () => change.service.age(change));
    }
  }

  #serviceOf(key: ServiceKey): RecentService {
    const text = keyText(key);
    const service = this.#services.get(text) ?? new RecentService(key, this.#ageing);
    this.#services.set(text, service);
    return service;
  }

  /** @returns whether that changed whether the service's losses are held */
  #judge(service: RecentService): boolean {
    const { service: share, large } = this.limits;
    const held = missing(service) > 0 && (this.#everywhere || isMassLoss(service, share, large));
    if (held === service.held) return false;
    this.#count(service, () => (held ? service.hold() : service.letGo()));
    return true;
  }

  /** Changes a service and keeps the sums right. */
  #count(service: RecentService, change: () => void): void {
    this.#add(service, -1);
    change();
    this.#add(service, 1);
    if (service.quiet) this.#services.delete(keyText(service.key));
  }

  #add(service: RecentService, sign: 1 | -1): void {
    this.#total.lost += sign * service.lost;
    this.#total.gained += sign * service.gained;
    this.#total.brief += sign * service.brief;
    this.#total.services += service.held ? sign : 0;
    this.#total.instances += sign * service.heldCount;
  }
}
