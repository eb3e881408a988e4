import type { Found, ZooKeeper } from '../../src/discovery/zookeeper/zookeeper.js';
import { SignalboxError } from '../../src/errors.js';

/**
 * Znodes in memory with one-shot watches. Requests are answered in their order, each when `answer` is called, so that
 * a test decides what happens between two answers.
 */
export class ZooKeeperFake implements ZooKeeper {
  readonly #nodes = new Map<string, string>([['/', '']]);
  readonly #requests: (() => void)[] = [];
  readonly #watches = new Map<string, Set<() => void>>();
  readonly refused = new Set<string>();
  /** What was asked for, such as `data /services/web`. */
  readonly asked: string[] = [];
  mostOpen = 0;
  #zxid = 0n;

  get open(): number {
    return this.#requests.length;
  }

  data(path: string, changed: () => void): Promise<Found<string>> {
    return this.#ask(`data ${path}`, path, () => {
      this.#arm(`data ${path}`, changed);
      return this.#nodes.get(path) ?? '';
    });
  }

  children(path: string, changed: () => void): Promise<Found<readonly string[]>> {
    return this.#ask(`children ${path}`, path, () => {
      this.#arm(`children ${path}`, changed);
      return this.#names(path);
    });
  }

  async childrenOnceThere(path: string, changed: () => void): Promise<Found<readonly string[]>> {
    for (;;) {
      const found = await this.children(path, changed);
      if (found.kind !== 'absent') return found;
      const created = await this.#ask(`exists ${path}`, '/', () => {
        if (!this.#nodes.has(path)) this.#arm(`created ${path}`, changed);
        return this.#nodes.has(path);
      });
      if (created.kind !== 'found' || !created.value) return found;
    }
  }

  /** Answers the oldest request; false where there is none. */
  answer(): boolean {
    const request = this.#requests.shift();
    request?.();
    return request !== undefined;
  }

  /** Lets promises settle. */
  async settle(): Promise<void> {
    await new Promise((done) => setImmediate(done));
  }

  /** Answers everything, also what is asked because of an answer. */
  async quiet(): Promise<void> {
    await this.settle();
    while (this.answer()) await this.settle();
  }

  has(path: string): boolean {
    return this.#nodes.has(path);
  }

  /** Creates the znode, with those above it, or sets its data. */
  put(path: string, data = ''): void {
    const known = this.#nodes.has(path);
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    if (!this.#nodes.has(parent)) this.put(parent);
    this.#nodes.set(path, data);
    this.#zxid += 1n;
    this.#fire(known ? `data ${path}` : `created ${path}`);
    if (!known) this.#fire(`children ${parent}`);
  }

  /** Removes the znode with everything under it. */
  remove(path: string): void {
    for (const name of this.#names(path)) this.remove(`${path}/${name}`);
    if (!this.#nodes.delete(path)) return;
    this.#zxid += 1n;
    this.#fire(`data ${path}`);
    this.#fire(`children ${path}`);
    this.#fire(`children ${path.slice(0, path.lastIndexOf('/')) || '/'}`);
  }

  #names(path: string): readonly string[] {
    const folder = path === '/' ? '/' : `${path}/`;
    const below = [...this.#nodes.keys()].filter((key) => key !== '/' && key.startsWith(folder));
    return below.map((key) => key.slice(folder.length)).filter((name) => !name.includes('/'));
  }

  #ask<T>(what: string, path: string, read: () => T): Promise<Found<T>> {
    this.asked.push(what);
    return new Promise((done) => {
      this.#requests.push(() => {
        if (!this.#nodes.has(path)) done({ kind: 'absent' });
        else if (this.refused.has(path))
          done({
            kind: 'failed',
            error: new SignalboxError('registry_refused', `${path}: these credentials may not read it`),
          });
        else done({ kind: 'found', value: read(), zxid: this.#zxid });
      });
      this.mostOpen = Math.max(this.mostOpen, this.open);
    });
  }

  #arm(what: string, changed: () => void): void {
    const watches = this.#watches.get(what) ?? new Set();
    this.#watches.set(what, watches.add(changed));
  }

  #fire(what: string): void {
    const watches = this.#watches.get(what) ?? [];
    this.#watches.delete(what);
    for (const changed of watches) changed();
  }
}
