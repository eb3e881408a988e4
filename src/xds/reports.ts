import { ResourceSet } from '../snapshot/resource-set.js';
import { Piece, type Steps } from '../snapshot/steps.js';
import type { KnownProxy, XdsObserver } from './observer.js';
import type { StreamRequest } from './stream-state.js';
import type { TypeState } from './type-state.js';

/** How long equal reports are passed on once, milliseconds. A fleet returns within seconds. */
const REMEMBERED = 10_000;
/** The most bytes of reported names that are remembered. Clients choose these names. */
const MOST_REMEMBERED = 32 * 2 ** 20;
/** Approximate overhead of an entry, bytes. */
const OVERHEAD = 100;

type Entry = readonly [name: string, version: string];

/** Passes on which versions returning proxies report. Equal lists of many proxies are passed on once. */
export class Reports {
  /** Lists that were passed on, with their groups and subscriptions. */
  #lists = new WeakMap<object, Set<string>>();
  #versions = new Map<string, string>();
  #bytes = 0;
  #since = Number.NEGATIVE_INFINITY;

  /**
   * @param now milliseconds
   * @param most bytes that are remembered
   */
  constructor(
    private readonly observer: XdsObserver,
    private readonly now: () => number = () => performance.now(),
    private readonly most = MOST_REMEMBERED,
  ) {}

  /** Whether a first request claims that the proxy has resources of the type. */
  static claims({ variant, request }: StreamRequest): boolean {
    return variant === 'sotw' ? request.versionInfo !== '' : request.known.size > 0;
  }

  /**
   * @param type the state after the request, the first of its type on a stream
   * @param set what the proxy is to have of this type
   */
  *tell(asked: StreamRequest, type: TypeState, set: ResourceSet, proxy: KnownProxy): Steps<void> {
    if (!Reports.claims(asked)) return;
    if (this.now() - this.#since > REMEMBERED) this.#forget();
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
    const work = new Piece();
    for (const [name, version] of entries) {
      const key = `${proxy.group} ${typeUrl} ${name}`;
      if (this.#versions.get(key) !== version) {
        this.#remember(key, version);
        piece.push([name, version]);
      }
      if (!work.endsWith(name)) continue;
      this.#tell(typeUrl, piece, proxy);
      piece = [];
      yield;
    }
    this.#tell(typeUrl, piece, proxy);
  }

  #tell(typeUrl: string, piece: readonly Entry[], proxy: KnownProxy): void {
    if (piece.length > 0) this.observer.reported?.(typeUrl, piece, proxy);
  }

  #remember(key: string, version: string): void {
    const bytes = OVERHEAD + key.length + version.length;
    if (this.#bytes + bytes > this.most) this.#forget();
    this.#versions.set(key, version);
    this.#bytes += bytes;
  }

  #forget(): void {
    this.#lists = new WeakMap();
    this.#versions = new Map();
    this.#bytes = 0;
    this.#since = this.now();
  }
}

/** A version of a whole that is not the server's does not say which version of a resource it has, nor which ones. */
function* withVersions(names: Iterable<string>, set: ResourceSet): Generator<Entry> {
  for (const name of names) yield [name, set.get(name)?.version ?? ''];
}
