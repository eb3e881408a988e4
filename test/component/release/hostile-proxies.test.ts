import pino from 'pino';
import { expect, test } from 'vitest';
import { text } from '../../../src/protobuf/wire.js';
import { ProxyAnswers } from '../../../src/release/proxy-answers.js';
import { Releases } from '../../../src/release/releases.js';
import { SnapshotCache } from '../../../src/snapshot/cache.js';
import { makeResource, type Resource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { LocalProxyServer } from '../../../src/workers/proxy-server.js';
import { Random } from '../../conformance/random.js';
import type { Received } from '../../conformance/wire.js';
import { eventually } from '../../peers/eventually.js';
import { connect } from '../../support/ads-client.js';
import { ModelledProxy } from '../../support/modelled-proxy.js';

const RUNS = Number(process.env.SIGNALBOX_RUNS ?? 100);
const SEED = Number(process.env.SIGNALBOX_SEED ?? Math.floor(Math.random() * 2 ** 31));
const { cluster, endpoints, listener, route } = TYPE_URL;
const TYPES = [cluster, endpoints, listener, route];
const logger = pino({ level: 'silent' });

const match = (id: string) => ({ match: { id: [id] } });
const GROUPS = { a: match('a-*'), b: match('b-*') };

/** What is published for both groups: contents by type and name. */
type Contents = ReadonlyMap<string, number>;

function resourcesOf(contents: Contents): readonly Resource[] {
  return [...contents].map(([key, content]) => {
    const [typeUrl = '', name = ''] = key.split(' ');
    return makeResource(typeUrl, name, Buffer.concat([text(1, name), text(2, String(content))]));
  });
}

/** A control plane as the program is put together, over what it is told to publish. */
class Plane {
  readonly #life = new AbortController();
  readonly #cache = new SnapshotCache(0);
  readonly releases = new Releases(
    this.#cache,
    { quarantine: { share: 0.2, large: 10 }, logger },
    this.#life.signal,
  );
  readonly #server = new LocalProxyServer(this.#cache, {
    ...{ identifier: 'test', logger, admission: { allow: undefined, groups: GROUPS } },
    observer: new ProxyAnswers(this.releases),
  });

  async start(): Promise<string> {
    return await this.#server.listen('127.0.0.1:0');
  }

  publish(contents: Contents): void {
    const snapshot = Snapshot.of(resourcesOf(contents));
    for (const group of ['a', 'b']) this.releases.of(group).setSnapshot(snapshot);
  }

  async stop(): Promise<void> {
    this.#life.abort();
    await this.#server.stop();
  }
}

/** Rejects everything, and says so in a way that chance has. */
function hostility(random: Random): (response: Received) => string {
  return ({ resources }) => {
    const names = resources.map(({ name }) => name);
    if (random.chance(0.4)) return `no: ${names.join(', ')}`;
    return random.chance(0.3) && names.length > 0 ? `${random.pick(names)}: no` : 'no';
  };
}

function changed(contents: Contents, random: Random, content: number): Contents {
  const next = new Map(contents);
  for (const key of random.some([...contents.keys()], random.next() * 0.5)) next.set(key, content);
  return next;
}

async function run(seed: number): Promise<void> {
  const random = new Random(seed);
  const count = random.pick([1, 3, 15]);
  const keys = TYPES.flatMap((typeUrl) =>
    Array.from({ length: count }, (_, index) => `${typeUrl} r${index}`),
  );
  const names = new Map(
    TYPES.map((typeUrl) => {
      const named = typeUrl === endpoints || typeUrl === route;
      return [
        typeUrl,
        named
          ? keys.flatMap((key) => (key.startsWith(`${typeUrl} `) ? key.slice(typeUrl.length + 1) : []))
          : [],
      ];
    }),
  );
  const proxy = (node: string, judge?: (response: Received) => string) =>
    new ModelledProxy({ node, protocol: random.pick(['sotw', 'delta']), names, ...(judge && { judge }) });
  const honest = [proxy('a-1'), proxy('a-2'), proxy('b-1')];
  const hostile = [
    proxy('b-hostile', hostility(random)),
    ...(random.chance(0.3) ? [proxy('b-2', hostility(random))] : []),
  ];
  for (const one of hostile)
    for (const key of random.some(keys, 0.2)) {
      const [typeUrl = '', name = ''] = key.split(' ');
      one.pretend(typeUrl, name, random.pick(['', 'nonsense']));
    }

  let contents: Contents = new Map(keys.map((key) => [key, 0]));
  let plane = new Plane();
  let client = connect(await plane.start());
  const settle = async (proxies: readonly ModelledProxy[]) => {
    const expected = new Map(
      resourcesOf(contents).map(({ typeUrl, name, body }) => [
        `${typeUrl} ${name}`,
        Buffer.from(body).toString('latin1'),
      ]),
    );
    await eventually(() => {
      for (const { held } of proxies) expect(held).toEqual(expected);
    });
  };
  try {
    plane.publish(contents);
    for (const one of honest) one.connect(client);
    await settle(honest);
    for (let life = 1; life <= 2; life += 1) {
      const kept = new Map([...plane.releases.accepted()].map(([group]) => [group, [] as Resource[]]));
      for (const [group, resource] of plane.releases.accepted()) kept.get(group)?.push(resource);
      await plane.stop();
      client.close();
      plane = new Plane();
      client = connect(await plane.start());
      if (random.chance(0.5)) plane.releases.restore(kept);
      contents = changed(contents, random, life);
      plane.publish(contents);
      // The hostile ones come first, in the middle, or last; the control plane may change meanwhile.
      for (const one of random.chance(0.7) ? [...hostile, ...honest] : [...honest, ...hostile]) {
        one.cut();
        one.connect(client);
        const before = one.rejections;
        if (hostile.includes(one) && random.chance(0.5))
          await eventually(() => expect(one.rejections).toBeGreaterThan(before));
      }
      contents = changed(contents, random, life + 10);
      plane.publish(contents);
      await settle(honest.slice(0, 2));
      await eventually(() => expect(hostile[0]?.rejections).toBeGreaterThan(0));
    }
    await settle(honest.slice(0, 2));
    expect(honest.map(({ lost }) => lost)).toEqual([[], [], []]);
  } finally {
    for (const one of [...honest, ...hostile]) one.cut();
    client.close();
    await plane.stop();
  }
}

test(`two groups, a hostile proxy in one, restarts: the other group gets everything, and nobody loses anything (${RUNS} runs)`, async () => {
  console.log(`hostile proxies: SIGNALBOX_SEED=${SEED}`);
  for (let index = 0; index < RUNS; index += 1) {
    const seed = (SEED + index) % 2 ** 31;
    try {
      await run(seed);
    } catch (thrown) {
      throw new Error(`SIGNALBOX_RUNS=1 SIGNALBOX_SEED=${seed}`, { cause: thrown });
    }
  }
}, 120_000);
