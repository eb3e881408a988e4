import { Secret } from '../../config/secret.js';
import { SignalboxError } from '../../errors.js';
import { displayNameOf } from './endpoint.js';
import { failureOf } from './failure.js';
import { EtcdLink } from './link.js';
import type { EtcdConnectionOptions } from './options.js';

/** The way to one etcd cluster: one open link at a time, to the endpoint that last worked. */
export class EtcdConnection {
  /** The endpoints, for people. */
  readonly server: string;
  readonly #password: Secret | undefined;
  readonly #closed = new AbortController();
  #link: Promise<EtcdLink> | undefined;
  #first = 0;

  constructor(readonly options: EtcdConnectionOptions) {
    this.server = displayNameOf(options.endpoints);
    this.#password = Secret.from(options.password, options.password_file);
  }

  /** The open link, or a new one. Rejects with a SignalboxError when each endpoint has been tried. */
  async link(): Promise<EtcdLink> {
    this.#link ??= this.#open();
    const asked = this.#link;
    try {
      return await asked;
    } catch (thrown) {
      if (this.#link === asked) this.#link = undefined;
      throw thrown;
    }
  }

  /** Gives up a link that failed; the next one is sought from the endpoint after it. */
  async lose(link: EtcdLink): Promise<void> {
    link.close();
    const current = this.#link;
    if (current === undefined || (await current.catch(() => undefined)) !== link) return;
    if (this.#link !== current) return;
    this.#link = undefined;
    this.#first = link.at + 1;
  }

  close(): void {
    this.#closed.abort();
    this.#link?.then(
      (link) => link.close(),
      () => undefined,
    );
  }

  async #open(): Promise<EtcdLink> {
    const { endpoints } = this.options;
    let last: SignalboxError | undefined;
    for (let tried = 0; tried < endpoints.length && !this.#closed.signal.aborted; tried += 1) {
      const at = (this.#first + tried) % endpoints.length;
      const endpoint = endpoints[at] ?? '';
      try {
        return await EtcdLink.open(at, endpoint, this.options, this.#password);
      } catch (thrown) {
        last = failureOf(thrown, displayNameOf([endpoint]));
        if (last === undefined) throw thrown;
      }
    }
    throw last ?? new SignalboxError('registry_unreachable', `etcd at ${this.server}: closed`);
  }
}
