import type { ServiceKey, ServiceState, SourceSink } from '../../src/discovery/source.js';
import type { SignalboxError } from '../../src/errors.js';
import { addressOf } from '../../src/model/instance.js';

/** Keeps what a source committed, by the rules of {@link SourceSink}, and how often it said what. */
export class RecordingSink implements SourceSink {
  /** The services of the last `synced`, by name (`namespace/group/service` where a source gives those). */
  readonly services = new Map<string, ServiceState>();
  readonly errors: SignalboxError[] = [];
  /** The last word was `synced`. */
  healthy = false;
  syncs = 0;
  /** Every `set` so far, dropped ones included. */
  sets = 0;
  revision: string | undefined;
  readonly #pending = new Map<string, ServiceState | undefined>();

  set(key: ServiceKey, state: ServiceState | undefined): void {
    this.sets += 1;
    const name = [key.namespace, key.group, key.service].filter((part) => part !== undefined).join('/');
    this.#pending.set(name, state);
  }

  synced(revision?: string): void {
    for (const [name, state] of this.#pending) {
      if (state === undefined) this.services.delete(name);
      else this.services.set(name, state);
    }
    this.#pending.clear();
    this.healthy = true;
    this.syncs += 1;
    this.revision = revision;
  }

  failed(error: SignalboxError): void {
    this.#pending.clear();
    this.healthy = false;
    this.errors.push(error);
  }

  /** The served addresses of a service, sorted; undefined where the registry has no such service. */
  addresses(service: string): readonly string[] | undefined {
    return this.services.get(service)?.instances.map(addressOf).sort();
  }
}
