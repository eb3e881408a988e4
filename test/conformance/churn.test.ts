import { expect, test } from 'vitest';
import type { Resource } from '../../src/snapshot/resource.js';
import { eventually } from '../peers/eventually.js';
import { FickleProxy } from './fickle-proxy.js';
import { textOf } from './fickle-type.js';
import { barrier, connect, Lab } from './lab.js';
import { Random } from './random.js';
import { cluster, endpoints, listener, routes } from './resources.js';
import { CDS, EDS, LDS, RDS } from './scripted-proxy.js';
import type { Variant } from './variant.js';

const SEED = 20_260_401;
const STREAMS = 200;
const CONNECTIONS = 20;
/** Longer by `SIGNALBOX_CHURN_SECONDS`. */
const SECONDS = Number(process.env.SIGNALBOX_CHURN_SECONDS ?? 10);
const STEP = { changes: 1, actions: 40 };

const SERVICES = Array.from({ length: 20 }, (_, index) => `s${index}`);
const TABLES = ['http', 'internal', 'admin'];
const VARIANTS: readonly Variant[] = [
  { protocol: 'sotw', streams: 'ads' },
  { protocol: 'delta', streams: 'ads' },
  { protocol: 'sotw', streams: 'sep' },
  { protocol: 'delta', streams: 'sep' },
];
const POOL: ReadonlyMap<string, readonly string[]> = new Map([
  [CDS, ['*', ...SERVICES, 'ghost']],
  [EDS, [...SERVICES, 'ghost']],
  [LDS, ['*', ...TABLES]],
  [RDS, [...TABLES, 'ghost']],
]);

/** What there is, and what chance makes of it. */
class World {
  readonly #wanted: ReadonlyMap<string, Map<string, string>> = new Map(
    [CDS, EDS, LDS, RDS].map((type) => [type, new Map()]),
  );
  #count = 0;

  constructor(
    private readonly lab: Lab,
    private readonly random: Random,
  ) {}

  wanted(typeUrl: string): ReadonlyMap<string, string> {
    return this.#wanted.get(typeUrl) ?? new Map();
  }

  change(): void {
    const names = this.random.some(SERVICES, 0.1);
    if (this.random.chance(0.15)) {
      this.#publish(
        [],
        names.flatMap((name) => [cluster(name), endpoints(name)]),
      );
      return;
    }
    const put = names.flatMap((name) => this.random.some([this.#cluster(name), this.#endpoints(name)], 0.6));
    const tables = this.random.chance(0.3) ? this.random.some(TABLES, 0.4) : [];
    const clusters = this.random.some(SERVICES, 0.2);
    const gone = this.random.chance(0.1) ? tables : [];
    this.#publish(
      [
        ...put,
        ...tables.filter((name) => !gone.includes(name)).flatMap((name) => this.#table(name, clusters)),
      ],
      gone.flatMap((name) => [listener(name), routes(name)]),
    );
  }

  /** Changes everything once more. */
  changeAll(): void {
    this.#publish(
      [
        ...SERVICES.flatMap((name) => [this.#cluster(name), this.#endpoints(name)]),
        ...TABLES.flatMap((name) => this.#table(name, [`s${this.#count % SERVICES.length}`])),
      ],
      [],
    );
  }

  /** A number that comes again: what goes back to an earlier content has the version from then. */
  #content(): number {
    this.#count += 1;
    return 1_000 + this.random.below(3);
  }

  #cluster(name: string): Resource {
    return cluster(name, this.#content());
  }

  #endpoints(name: string): Resource {
    return endpoints(name, this.#content());
  }

  #table(name: string, clusters: readonly string[]): readonly Resource[] {
    return [listener(name, this.#content()), routes(name, ...clusters)];
  }

  #publish(put: readonly Resource[], removed: readonly Resource[]): void {
    this.lab.change(put, removed);
    for (const { typeUrl, name } of removed) this.#wanted.get(typeUrl)?.delete(name);
    for (const { typeUrl, name, body } of put) this.#wanted.get(typeUrl)?.set(name, textOf(body));
  }
}

test(`${STREAMS} fickle streams hold in the end what they asked for`, {
  timeout: 120_000 + SECONDS * 1_000,
}, async () => {
  const random = new Random(SEED);
  const lab = await Lab.start([]);
  const world = new World(lab, random);
  const clients = Array.from({ length: CONNECTIONS }, () => connect(lab.address));
  const proxies = Array.from(
    { length: STREAMS },
    (_, index) =>
      new FickleProxy(
        random.pick(clients),
        VARIANTS[index % VARIANTS.length] ?? random.pick(VARIANTS),
        random,
        POOL,
        `fickle-${index}`,
      ),
  );
  const wrong = () =>
    proxies.flatMap(({ variant, types }, index) =>
      types.flatMap((type) =>
        type
          .wrong(world.wanted(type.typeUrl))
          .map(
            (name) =>
              `${index} ${variant.protocol} ${variant.streams} ${type.typeUrl.split('.').at(-1)} ${name}`,
          ),
      ),
    );
  const responses = () => proxies.reduce((sum, proxy) => sum + proxy.responses, 0);
  const strays = () => proxies.reduce((sum, proxy) => sum + proxy.strays, 0);
  const settled = async () => void (await Promise.all(clients.map(barrier)));
  try {
    world.changeAll();
    const end = performance.now() + SECONDS * 1_000;
    while (performance.now() < end) {
      for (let change = 0; change < STEP.changes; change += 1) world.change();
      for (let action = 0; action < STEP.actions; action += 1) random.pick(proxies).act();
      await barrier(random.pick(clients));
    }

    for (const proxy of proxies) proxy.settleDown();
    await eventually(() => expect(wrong()).toEqual([]), 30_000, 50);
    await settled();

    // Those that wait for load assignments that nobody asks for wait no longer, and everything is still in order.
    await eventually(() =>
      expect([...lab.server.streams].filter(({ state }) => state.awaited.size > 0)).toEqual([]),
    );
    // Streams are served in turns, so that one may be answered before another has had its last.
    await eventually(async () => {
      const before = responses();
      await settled();
      expect(responses()).toBe(before);
    });
    // A SotW proxy whose last word was stale says it again with its next answer; from then on nobody is sent more than
    // it asks for.
    await eventually(async () => {
      const before = strays();
      world.changeAll();
      await eventually(() => expect(wrong()).toEqual([]), 30_000, 50);
      await settled();
      expect(strays()).toBe(before);
    });
  } finally {
    for (const proxy of proxies) proxy.cut();
    for (const client of clients) client.close();
    await lab.stop();
  }
});
