import { globMatcher } from '../../base/glob.js';
import type { SignalboxError } from '../../errors.js';
import { nameProblem } from '../service-name.js';
import type { ServiceState } from '../source.js';
import type { ZooKeeperOptions } from './options.js';
import { ServiceWatch } from './service-watch.js';
import { type ZnodeWatch, ZnodeWatcher } from './znode-watcher.js';
import type { ZooKeeper } from './zookeeper.js';

/** Milliseconds after which an answer counts although more of them are to come. */
const LONGEST_WAIT = 100;
/** ZooKeeper's own, which no prefix of `/` means. */
const RESERVED = 'zookeeper';

export interface PrefixChanges {
  /** Undefined for a service that is there no more. */
  readonly services: ReadonlyMap<string, ServiceState | undefined>;
  /** Everything that is there, changed or not, so that what is not here is gone. */
  readonly whole: boolean;
  /** What keeps a service as it was, by service: all of it, also from before. */
  readonly held: ReadonlyMap<string, SignalboxError>;
  /** The services that are left out because of their name: all of them, each with the problem. */
  readonly unusable: ReadonlyMap<string, string>;
}

/** Reads everything under the prefix over one session, then what changes. */
export class PrefixWatch {
  readonly #path: string;
  readonly #watcher: ZnodeWatcher;
  readonly #root: ZnodeWatch<readonly string[]>;
  readonly #services = new Map<string, ServiceWatch>();
  readonly #touched = new Set<string>();
  readonly #held = new Map<string, SignalboxError>();
  #unusable: ReadonlyMap<string, string> = new Map();
  readonly #skipped: (service: string) => boolean;
  #whole = false;
  #waitingSince: number | undefined;

  /**
   * @param take called with what changed: first, once everything has been read, with all there is
   * @param failed called when the prefix itself cannot be read
   * @param broken called with whatever `take` threw
   */
  constructor(
    private readonly zooKeeper: ZooKeeper,
    private readonly options: Pick<ZooKeeperOptions, 'prefix' | 'format' | 'weight' | 'skip_services'>,
    private readonly take: (changes: PrefixChanges) => void,
    failed: (error: SignalboxError) => void,
    broken: (thrown: unknown) => void,
  ) {
    this.#skipped = globMatcher(options.skip_services);
    const names = options.prefix.split('/').filter((name) => name !== '');
    this.#path = `/${names.join('/')}`;
    this.#watcher = new ZnodeWatcher(() => this.#answered(), broken);
    this.#root = this.#watcher.watch(
      (changed) => zooKeeper.childrenOnceThere(this.#path, changed),
      (found) => {
        if (found.kind === 'failed') failed(found.error);
        else this.#takeNames(found.kind === 'found' ? found.value : []);
      },
    );
  }

  /** Whether everything has been read once. */
  get complete(): boolean {
    return this.#whole;
  }

  /** The last transaction that changed what was read, as ZooKeeper writes it. */
  get revision(): string {
    return `0x${this.#watcher.zxid.toString(16)}`;
  }

  /** How many znodes could not be read. */
  get failingZnodes(): number {
    return this.#watcher.failing;
  }

  retryFailing(): void {
    this.#watcher.retryFailing();
  }

  #takeNames(names: readonly string[]): void {
    const { format, weight } = this.options;
    const wanted = new Set<string>();
    const unusable = new Map<string, string>();
    for (const name of names) {
      if ((this.#path === '/' && name === RESERVED) || this.#skipped(name)) continue;
      const problem = nameProblem(name, 'zookeeper');
      if (problem === undefined) wanted.add(name);
      else unusable.set(name, problem);
    }
    for (const name of this.#unusable.keys()) if (!unusable.has(name)) this.#touched.add(name);
    this.#unusable = unusable;
    for (const name of this.#services.keys()) if (!wanted.has(name)) this.#drop(name);
    for (const name of wanted) {
      if (this.#services.has(name)) continue;
      const service = new ServiceWatch(`${this.#path === '/' ? '' : this.#path}/${name}`, {
        zooKeeper: this.zooKeeper,
        watcher: this.#watcher,
        format,
        defaultWeight: weight,
        touched: () => {
          this.#touched.add(name);
          if (service.gone) this.#drop(name);
        },
      });
      this.#services.set(name, service);
    }
  }

  #drop(name: string): void {
    this.#services.get(name)?.stop();
    this.#services.delete(name);
    this.#touched.add(name);
  }

  #answered(): void {
    const now = performance.now();
    this.#waitingSince ??= now;
    // Many changes at once count as one, yet a registry that never rests is followed all the same.
    if (this.#watcher.idle || now - this.#waitingSince >= LONGEST_WAIT) this.#commit();
  }

  #commit(): void {
    this.#waitingSince = undefined;
    const root = this.#root.found?.kind;
    if (!this.#whole && (root === undefined || root === 'failed')) return;
    const services = new Map<string, ServiceState | undefined>();
    for (const name of this.#whole ? [...this.#touched] : [...this.#services.keys()]) {
      const outcome = this.#services.get(name)?.outcome() ?? { kind: 'none' };
      if (outcome.kind === 'pending' && !this.#whole) return;
      if (outcome.kind === 'pending') continue;
      this.#touched.delete(name);
      if (outcome.kind === 'held') this.#held.set(name, outcome.error);
      else this.#held.delete(name);
      if (outcome.kind === 'state') services.set(name, outcome.state);
      if (outcome.kind === 'none') services.set(name, undefined);
    }
    const whole = !this.#whole;
    this.#whole = true;
    this.take({ services, whole, held: this.#held, unusable: this.#unusable });
  }
}
