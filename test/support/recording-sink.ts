import type { ServiceKey, ServiceState, SourceSink } from '../../src/discovery/source.js';
import type { SignalboxError } from '../../src/errors.js';
import { addressOf } from '../../src/model/instance.js';

/** Keeps what a source committed, by the rules of {@link SourceSink}, and how often it said what. */
export class RecordingSink implements SourceSink {
  /** The services of the last `synced`, by name (`namespace/group/service` where a source gives those). */
  readonly services = new Map<string, ServiceState>();
  readonly errors: SignalboxError[] = [];
  /** The services that fail now, by name, each with its last error. */
  readonly failing = new Map<string, SignalboxError>();
  /** Every failure of a service so far. */
  readonly serviceErrors: { readonly service: string; readonly error: SignalboxError }[] = [];
  /** The last word was `synced`. */
  healthy = false;
  syncs = 0;
  /** Every `set` so far, dropped ones included. */
  sets = 0;
  revision: string | undefined;
  readonly #pending = new Map<string, ServiceState | undefined>();

  set(key: ServiceKey, state: ServiceState | undefined): void {
    this.sets += 1;
    this.#pending.set(nameOf(key), state);
    this.failing.delete(nameOf(key));
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

  serviceFailed(key: ServiceKey, error: SignalboxError): void {
    this.failing.set(nameOf(key), error);
    this.serviceErrors.push({ service: nameOf(key), error });
  }

  /** The served addresses of a service, sorted; undefined where the registry has no such service. */
  addresses(service: string): readonly string[] | undefined {
    return this.services.get(service)?.instances.map(addressOf).sort();
  }
}

function nameOf(key: ServiceKey): string {
  return [key.namespace, key.group, key.service].filter((part) => part !== undefined).join('/');
}
