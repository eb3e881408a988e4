import type { IEvent, IKeyValue } from 'etcd3';
import { keyText } from './key-range.js';

/** What has become of one key. */
export interface KeyChange {
  /** The key without the prefix. */
  readonly key: string;
  /** Undefined where the key is gone. */
  readonly value: string | undefined;
  /** The revision that made it so; for a key found gone in a listing, the listing's. */
  readonly revision: string;
}

/** The keys under a prefix as of a revision. Says of each new state of affairs what differs, in order. */
export class HeldKeys {
  #values: Map<string, string> = new Map();
  #revision: bigint | undefined;
  #newest: IKeyValue | undefined;

  /** @param prefixLength bytes of each key to leave out */
  constructor(private readonly prefixLength: number) {}

  /** Everything up to and including it is in; undefined before the first listing. */
  get revision(): bigint | undefined {
    return this.#revision;
  }

  get size(): number {
    return this.#values.size;
  }

  /**
   * The held key that was written last. A store that does not have it as of {@link revision} is not the store that
   * this was read from, whatever its revision.
   */
  get newest(): IKeyValue | undefined {
    return this.#newest;
  }

  /** A complete listing takes the place of all that was held. */
  replace(listed: Iterable<IKeyValue>, revision: string): KeyChange[] {
    const before = this.#values;
    const changes: KeyChange[] = [];
    this.#values = new Map();
    this.#newest = undefined;
    for (const entry of listed) {
      const key = keyText(entry.key, this.prefixLength);
      const value = entry.value.toString('utf8');
      if (before.get(key) !== value) changes.push({ key, value, revision: entry.mod_revision });
      before.delete(key);
      this.#values.set(key, value);
      if (this.#newest === undefined || isLater(entry.mod_revision, this.#newest.mod_revision))
        this.#newest = entry;
    }
    for (const key of before.keys()) changes.push({ key, value: undefined, revision });
    if (this.#newest !== undefined) this.#newest = detached(this.#newest);
    this.#revision = BigInt(revision);
    return changes;
  }

  /** Events as watched. What writes the value that is held already changes nothing. */
  apply(events: readonly IEvent[]): KeyChange[] {
    const changes: KeyChange[] = [];
    for (const { type, kv } of events) {
      const key = keyText(kv.key, this.prefixLength);
      const value = String(type) === 'Delete' ? undefined : kv.value.toString('utf8');
      if (value !== this.#values.get(key)) changes.push({ key, value, revision: kv.mod_revision });
      if (value !== undefined) {
        this.#values.set(key, value);
        this.#newest = kv;
      } else {
        this.#values.delete(key);
        if (this.#newest?.key.equals(kv.key) === true) this.#newest = undefined;
      }
      this.reached(kv.mod_revision);
    }
    if (this.#newest !== undefined) this.#newest = detached(this.#newest);
    return changes;
  }

  /** The server says that there is nothing more up to `revision`. */
  reached(revision: string): void {
    const number = BigInt(revision);
    if (this.#revision === undefined || number > this.#revision) this.#revision = number;
  }
}

/** Compares whole numbers of any length as text: a listing compares very many. */
function isLater(revision: string, than: string): boolean {
  return revision.length === than.length ? revision > than : revision.length > than.length;
}

/** A copy whose bytes do not keep the whole message alive that they came in. */
function detached(entry: IKeyValue): IKeyValue {
  return { ...entry, key: Buffer.from(entry.key), value: Buffer.from(entry.value) };
}
