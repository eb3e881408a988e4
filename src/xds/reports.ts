import { ResourceSet } from '../snapshot/resource-set.js';
import { STEP, type Steps } from '../snapshot/steps.js';
import type { KnownProxy, XdsObserver } from './observer.js';
import type { StreamRequest } from './stream-state.js';
import type { TypeState } from './type-state.js';

/** Milliseconds for which equal reports are told once: a fleet comes back within seconds. */
const REMEMBERED = 10_000;
/** Names of which it is remembered that they were told. */
const MOST_REMEMBERED = 200_000;

type Entry = readonly [name: string, version: string];

/** Tells an observer what proxies say that they have when they come back. Equal lists of many proxies are told once. */
export class Reports {
  /** Lists that were told, and of which group and subscription. */
  #lists = new WeakMap<object, Set<string>>();
  #versions = new Map<string, string>();
  #since = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly observer: XdsObserver,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether a first request of a type says that the proxy has something. */
  static claims({ variant, request }: StreamRequest): boolean {
    return variant === 'sotw' ? request.versionInfo !== '' : request.known.size > 0;
  }

  /**
   * @param type the state after the request, the first of its type on a stream
   * @param set what the proxy is to have of this type
   */
  *tell(asked: StreamRequest, type: TypeState, set: ResourceSet, proxy: KnownProxy): Steps<void> {
    if (!Reports.claims(asked)) return;
    if (this.now() - this.#since > REMEMBERED || this.#versions.size > MOST_REMEMBERED) this.#forget();
    const { typeUrl, subscription, acknowledgedVersion } = type;
    const list = asked.variant === 'delta' ? asked.request.known : set;
    const of = `${proxy.group} ${typeUrl} ${subscription.id} ${acknowledgedVersion}`;
    const told = this.#lists.get(list) ?? new Set();
    if (told.has(of)) return;
    this.#lists.set(list, told.add(of));
    if (asked.variant === 'delta') {
      yield* this.#entries(typeUrl, asked.request.known, proxy);
      return;
    }
    const isKnown = acknowledgedVersion !== '';
    const everything = isKnown ? set.names() : ['*'];
    const names = subscription.wildcard ? everything : subscription.names;
    yield* this.#entries(typeUrl, withVersions(names, isKnown ? set : ResourceSet.EMPTY), proxy);
  }

  *#entries(typeUrl: string, entries: Iterable<Entry>, proxy: KnownProxy): Steps<void> {
    let piece: Entry[] = [];
    let seen = 0;
    for (const [name, version] of entries) {
      seen += 1;
      const key = `${proxy.group} ${typeUrl} ${name}`;
      if (this.#versions.get(key) !== version) {
        this.#versions.set(key, version);
        piece.push([name, version]);
      }
      if (seen % STEP !== 0) continue;
      this.#tell(typeUrl, piece, proxy);
      piece = [];
      yield;
    }
    this.#tell(typeUrl, piece, proxy);
  }

  #tell(typeUrl: string, piece: readonly Entry[], proxy: KnownProxy): void {
    if (piece.length > 0) this.observer.reported?.(typeUrl, piece, proxy);
  }

  #forget(): void {
    this.#lists = new WeakMap();
    this.#versions = new Map();
    this.#since = this.now();
  }
}

/** A version of a whole that is not the server's does not say which version of a resource it has, nor which ones. */
function* withVersions(names: Iterable<string>, set: ResourceSet): Generator<Entry> {
  for (const name of names) yield [name, set.get(name)?.version ?? ''];
}
