import type { Random } from './random.js';
import type { Variant } from './variant.js';
import type { Received, ReceivedResource, Sent } from './wire.js';

/** A content that every proxy rejects starts so. */
export const BAD = 'bad';

const textOf = ({ body }: ReceivedResource) => Buffer.from(body).toString('latin1');

/**
 * What a proxy truly has of one resource type. As an Envoy it rejects a response that contains something bad, applies any
 * part of the rest, and records the version of none of it. As an Envoy it skips what is equal, and waits for the
 * children of what has changed.
 */
export class PartialType {
  readonly #content = new Map<string, string>();
  /** Delta: what it reports when it comes back. */
  readonly #versions = new Map<string, string>();
  /** SotW: the same. */
  #version = '';
  /** SotW: names that it asked for since and was not sent. The version does not stand for them. */
  readonly #due = new Set<string>();
  readonly #names: Set<string>;
  readonly #waiting = new Set<string>();
  #nonce = '';
  #started = false;

  /** @param names what it asks for; undefined for everything */
  constructor(
    readonly typeUrl: string,
    private readonly protocol: Variant['protocol'],
    names?: readonly string[],
  ) {
    this.#names = new Set(names ?? ['*']);
  }

  get isWildcard(): boolean {
    return this.#names.has('*');
  }

  covers(name: string): boolean {
    return this.isWildcard || this.#names.has(name);
  }

  /** A parent of this has changed: its old content does not count. */
  await(name: string): void {
    if (this.covers(name)) this.#waiting.add(name);
  }

  /** The first request of a stream. */
  first(): Sent {
    this.#started = true;
    const { typeUrl } = this;
    const names = this.isWildcard ? [] : [...this.#names];
    if (this.protocol === 'delta') return { typeUrl, subscribe: names, known: new Map(this.#versions) };
    const version = this.#due.size === 0 ? this.#version : '';
    return { typeUrl, names, version };
  }

  /** Names come and go. @returns undefined for a type that is asked for as a whole, or not yet */
  subscribe(added: readonly string[], dropped: readonly string[]): Sent | undefined {
    if (this.isWildcard || !this.#started) return undefined;
    for (const name of dropped) {
      this.#names.delete(name);
      this.#forget(name);
    }
    for (const name of added) {
      if (!this.#names.has(name)) this.#due.add(name);
      this.#names.add(name);
    }
    if (this.protocol === 'delta')
      return {
        typeUrl: this.typeUrl,
        subscribe: added,
        unsubscribe: dropped,
      };
    return this.#sotw();
  }

  /**
   * Takes a response.
   * @param changed called with the names whose content has changed
   * @returns the answer
   */
  receive(response: Received, random: Random, changed: (name: string) => void): Sent {
    this.#nonce = response.nonce;
    const bad = response.resources.filter((resource) => textOf(resource).startsWith(BAD));
    const removed = this.#removedBy(response);
    for (const { name } of response.resources) this.#due.delete(name);
    if (bad.length > 0) {
      const good = response.resources.filter((resource) => !bad.includes(resource));
      for (const resource of random.some(good, 0.5)) this.#apply(resource, changed);
      for (const name of random.some(removed, 0.5)) this.#content.delete(name);
      const named = random.chance(0.5);
      return this.#answer(
        named ? `${bad.map(({ name }) => `"${name}"`).join(', ')}: no` : 'something is wrong',
      );
    }
    for (const resource of response.resources) {
      this.#apply(resource, changed);
      this.#versions.set(resource.name, resource.version);
    }
    for (const name of removed) this.#forget(name);
    this.#version = response.version;
    return this.#answer(undefined);
  }

  /** @param lost names that a client drops while its stream is lost, and asks for again when it comes back */
  disconnected(lost: readonly string[]): void {
    this.#started = false;
    this.#nonce = '';
    for (const name of lost) this.#content.delete(name);
  }

  /** The names of which it has not what there is, or waits for. */
  wrong(wanted: ReadonlyMap<string, string>): readonly string[] {
    const names = [...new Set([...this.#content.keys(), ...wanted.keys()])].filter((name) =>
      this.covers(name),
    );
    return names.filter((name) => {
      const content = wanted.get(name);
      // SotW cannot tell that a name is gone.
      if (content === undefined) return this.protocol === 'delta' || this.isWildcard;
      return this.#content.get(name) !== content || this.#waiting.has(name);
    });
  }

  #removedBy({ resources, removed }: Received): readonly string[] {
    if (this.protocol === 'delta' || !this.isWildcard) return removed;
    const present = new Set(resources.map(({ name }) => name));
    return [...this.#content.keys()].filter((name) => !present.has(name));
  }

  #apply(resource: ReceivedResource, changed: (name: string) => void): void {
    const { name } = resource;
    if (!this.covers(name)) return;
    this.#waiting.delete(name);
    const content = textOf(resource);
    if (this.#content.get(name) === content) return;
    this.#content.set(name, content);
    changed(name);
  }

  #forget(name: string): void {
    this.#content.delete(name);
    this.#versions.delete(name);
    this.#waiting.delete(name);
    this.#due.delete(name);
  }

  #answer(error: string | undefined): Sent {
    const answer = this.protocol === 'delta' ? { typeUrl: this.typeUrl, nonce: this.#nonce } : this.#sotw();
    return { ...answer, ...(error !== undefined && { error }) };
  }

  #sotw(): Sent {
    const names = this.isWildcard ? [] : [...this.#names];
    return { typeUrl: this.typeUrl, names, version: this.#version, nonce: this.#nonce };
  }
}
