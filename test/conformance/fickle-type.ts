import type { Random } from './random.js';
import type { Variant } from './variant.js';
import type { Received, Sent } from './wire.js';

const WILDCARD = '*';

/**
 * What a fickle proxy thinks of one resource type: what it asks for, what it was told on this stream, what it has
 * accepted. To accept is its own choice; to tell is the server's duty, and that is what counts in the end.
 */
export class FickleType {
  #names = new Set<string>();
  /** SotW: everything, since the first request named nothing and none has since. */
  #implicit = false;
  #started = false;
  /** Contents by name. */
  #told = new Map<string, string>();
  readonly #accepted = new Map<string, { readonly content: string; readonly version: string }>();
  /** What was rejected, undefined for a removal: that need not be told again. */
  readonly #refused = new Map<string, string | undefined>();
  /** What was asked for and is to be answered in any case: in delta each name, be it with its absence; a wildcard with anything. */
  readonly #due = new Set<string>();
  /** What was rejected and applied all the same; undefined for a removal. */
  readonly #applied = new Map<string, string | undefined>();
  #unanswered: readonly Received[] = [];
  #nonce = '';
  #version = '';
  #versionHolds = true;

  /**
   * @param full what is not in a SotW response is gone
   * @param random decides which parts of a rejected response are applied, as an Envoy does; none without it
   */
  constructor(
    readonly typeUrl: string,
    private readonly protocol: Variant['protocol'],
    private readonly full: boolean,
    private readonly random?: Random,
  ) {}

  covers(name: string): boolean {
    return this.#implicit || this.#names.has(WILDCARD) || this.#names.has(name);
  }

  /** Changes its mind; the first request of a stream says what it wants and has. */
  subscribe(added: readonly string[], dropped: readonly string[]): Sent {
    const lost = dropped.filter((name) => this.#names.has(name) && !added.includes(name));
    const fresh = added.includes(WILDCARD) && !this.#implicit && !this.#names.has(WILDCARD);
    this.#names = new Set([...[...this.#names].filter((name) => !lost.includes(name)), ...added]);
    if (this.#names.size > 0) this.#implicit = false;
    if (!this.#started) return this.#first();
    this.#forget();
    if (fresh) this.#due.add(WILDCARD);
    if (this.protocol === 'sotw') return this.#sotw();
    // What it names, again or no longer, a proxy has let go of by name: it is to be told anew, be it by the wildcard.
    this.#letGo([...added, ...lost]);
    return { typeUrl: this.typeUrl, subscribe: added, unsubscribe: lost };
  }

  receive(response: Received): void {
    this.#nonce = response.nonce;
    this.#unanswered = [...this.#unanswered, response];
    for (const name of [WILDCARD, ...response.resources.map(({ name }) => name), ...response.removed])
      this.#due.delete(name);
    if (this.protocol === 'sotw' && this.full) this.#told.clear();
    for (const { name, body } of response.resources)
      if (this.covers(name)) this.#told.set(name, textOf(body));
    for (const name of response.removed) this.#told.delete(name);
  }

  /** Answers the last response that it has not answered; those before it pass with it. Delta: or the first alone. */
  answer(accept: boolean, firstAlone = false): Sent | undefined {
    const answered =
      firstAlone && this.protocol === 'delta' ? this.#unanswered.slice(0, 1) : this.#unanswered;
    const last = answered.at(-1);
    if (last === undefined) return undefined;
    for (const response of answered) {
      if (accept || response !== last) this.#accept(response);
      else this.#refuse(response);
    }
    this.#unanswered = this.#unanswered.slice(answered.length);
    const error = accept ? {} : { error: 'a whim' };
    if (this.protocol === 'sotw') return { ...this.#sotw(), ...error };
    return { typeUrl: this.typeUrl, nonce: last.nonce, ...error };
  }

  /** What was told and neither accepted nor applied is gone with the stream. */
  disconnected(): void {
    this.#started = false;
    this.#unanswered = [];
    this.#nonce = '';
    this.#told = new Map([...this.#accepted].map(([name, { content }]) => [name, content]));
    for (const [name, content] of this.#applied) {
      if (content === undefined) this.#told.delete(name);
      else this.#told.set(name, content);
    }
  }

  /** The names of what it was not told rightly, or waits for. */
  wrong(wanted: ReadonlyMap<string, string>): readonly string[] {
    const names = new Set([...this.#names, ...this.#told.keys(), ...wanted.keys()]);
    names.delete(WILDCARD);
    const wrong = [...names].filter((name) => this.covers(name) && !this.#right(name, wanted.get(name)));
    return [...new Set([...wrong, ...this.#due])];
  }

  #right(name: string, wanted: string | undefined): boolean {
    // In SotW only clusters and listeners can be told to go.
    if (wanted === undefined && this.protocol === 'sotw' && !this.full) return true;
    return this.#told.get(name) === wanted || (this.#refused.has(name) && this.#refused.get(name) === wanted);
  }

  #first(): Sent {
    this.#started = true;
    const { typeUrl } = this;
    const names = [...this.#names];
    this.#due.clear();
    if (this.protocol === 'sotw') {
      this.#implicit = this.full && names.length === 0;
      // A version stands for all the names that it was sent for: not for one that was let go of in between.
      if (!this.#versionHolds) this.#version = '';
      this.#versionHolds = true;
      this.#forget();
      if (this.#version === '' && (this.#implicit || names.includes(WILDCARD))) this.#due.add(WILDCARD);
      return { typeUrl, names, version: this.#version };
    }
    if (this.full && names.length === 0) this.#names.add(WILDCARD);
    this.#forget();
    for (const name of this.#names) if (!this.#knows(name)) this.#due.add(name);
    const known = new Map([...this.#accepted].map(([name, { version }]) => [name, version]));
    return { typeUrl, subscribe: names, known };
  }

  #asksFor(name: string): boolean {
    return name === WILDCARD ? this.#implicit || this.#names.has(WILDCARD) : this.covers(name);
  }

  /** What it has is not told it again. */
  #knows(name: string): boolean {
    return name === WILDCARD ? this.#accepted.size > 0 : this.#accepted.has(name);
  }

  #sotw(): Sent {
    return { typeUrl: this.typeUrl, names: [...this.#names], version: this.#version, nonce: this.#nonce };
  }

  #accept(response: Received): void {
    if (this.protocol === 'sotw' && this.full) {
      this.#accepted.clear();
      this.#applied.clear();
    }
    for (const { name, body, version } of response.resources) {
      this.#refused.delete(name);
      this.#applied.delete(name);
      if (this.covers(name)) this.#accepted.set(name, { content: textOf(body), version });
      else this.#versionHolds = false;
    }
    for (const name of response.removed) {
      this.#refused.delete(name);
      this.#applied.delete(name);
      this.#accepted.delete(name);
    }
    this.#version = response.version;
  }

  #refuse({ resources, removed }: Received): void {
    for (const { name, body } of resources) this.#refused.set(name, textOf(body));
    for (const name of removed) this.#refused.set(name, undefined);
    this.#applyPart(resources, removed);
  }

  #applyPart(resources: Received['resources'], removed: readonly string[]): void {
    if (this.random === undefined) return;
    const present = new Set(resources.map(({ name }) => name));
    const isFull = this.protocol === 'sotw' && this.full;
    const gone = isFull ? [...this.#accepted.keys()].filter((name) => !present.has(name)) : removed;
    for (const { name, body } of this.random.some(resources, 0.5))
      if (this.covers(name)) this.#applied.set(name, textOf(body));
    for (const name of this.random.some(gone, 0.5)) this.#applied.set(name, undefined);
  }

  #letGo(names: readonly string[]): void {
    for (const name of names) {
      if (name === WILDCARD) continue;
      this.#told.delete(name);
      this.#accepted.delete(name);
      this.#applied.delete(name);
      this.#refused.delete(name);
      if (this.covers(name)) this.#due.add(name);
    }
  }

  #forget(): void {
    for (const held of [this.#told, this.#accepted]) {
      for (const name of [...held.keys()]) {
        if (this.covers(name)) continue;
        held.delete(name);
        this.#versionHolds = false;
      }
    }
    for (const name of this.#applied.keys()) if (!this.covers(name)) this.#applied.delete(name);
    for (const name of this.#due) if (!this.#asksFor(name)) this.#due.delete(name);
  }
}

/** A content as a text that can be compared. */
export function textOf(body: Uint8Array): string {
  return Buffer.from(body).toString('latin1');
}
