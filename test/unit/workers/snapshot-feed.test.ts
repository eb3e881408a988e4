import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SnapshotCache } from '../../../src/snapshot/cache.js';
import { makeResource, type Resource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { SnapshotFeed, sharedPack } from '../../../src/workers/snapshot-feed.js';
import { packStep, unpackStep } from '../../../src/workers/snapshot-step.js';

const { cluster, endpoints, route } = TYPE_URL;
const GROUP = 'default';
const resource = (typeUrl: string, name: string, content: string) =>
  makeResource(typeUrl, name, Buffer.from(content));
const put = (cache: SnapshotCache, ...resources: readonly Resource[]) =>
  cache.updateResources(
    GROUP,
    new Map(resources.map((one) => [one.typeUrl, new Map([[one.name, one]])] as const)),
  );

/** A cache, and a worker's that follows it when it is told to. */
function pair(pack = sharedPack()) {
  const cache = new SnapshotCache();
  const follower = new SnapshotCache(0);
  const steps: Uint8Array[] = [];
  const told: number[] = [];
  const feed = new SnapshotFeed(
    cache,
    pack,
    (step) => steps.push(step),
    (publication) => told.push(publication),
  );
  cache.watch(() => feed.push(), new AbortController().signal);
  /** The worker takes the step that is under way. */
  const take = () => {
    const step = steps.at(-1);
    if (step === undefined) throw new Error('no step is under way');
    const { group, changes } = unpackStep(step);
    follower.updateResources(group, changes);
    feed.taken();
    return changes;
  };
  return { cache, follower, feed, steps, told, take };
}

describe('a step between two snapshots', () => {
  test('what is new, changed and gone, byte for byte, and nothing else', () => {
    const steady = resource(endpoints, 'steady', 's');
    const ttl = makeResource(endpoints, 'c', Buffer.from('with a ttl'), [], 5_000);
    const routes = makeResource(route, 'http', Buffer.from('r'), ['a', 'c']);
    const from = Snapshot.of([
      steady,
      resource(endpoints, 'a', '1'),
      resource(endpoints, 'b', '1'),
      resource(cluster, 'b', '1'),
    ]);
    const to = Snapshot.of([steady, resource(endpoints, 'a', '2'), ttl, routes]);
    const { group, changes } = unpackStep(packStep('g', from, to));
    expect(group).toBe('g');
    expect([...changes].map(([typeUrl, ofType]) => [typeUrl, [...ofType.keys()].sort()]).sort()).toEqual([
      [cluster, ['b']],
      [endpoints, ['a', 'b', 'c']],
      [route, ['http']],
    ]);
    const after = from.with(changes);
    expect(after.version).toBe(to.version);
    const got = after.set(endpoints).get('c');
    expect({ ...got, any: Buffer.from(got?.any ?? []), body: Buffer.from(got?.body ?? []) }).toEqual({
      ...ttl,
      any: Buffer.from(ttl.any),
      body: Buffer.from(ttl.body),
    });
    expect(after.set(route).get('http')?.references).toEqual([
      { typeUrl: TYPE_URL.cluster, names: ['a', 'c'] },
    ]);
  });

  test('a resource that has come does not keep the message that brought it in memory', () => {
    const bytes = packStep('g', undefined, Snapshot.of([makeResource(cluster, 'a', Buffer.alloc(100_000))]));
    const made = unpackStep(bytes).changes.get(cluster)?.get('a');
    expect(made?.any.buffer.byteLength).toBe(made?.any.length);
  });
});

describe('a feed', () => {
  test('the whole first, also where it is empty, then only what changed', () => {
    const { cache, follower, steps, take } = pair();
    cache.setSnapshot(GROUP, Snapshot.EMPTY);
    expect(follower.getSnapshot(GROUP)).toBeUndefined();
    take();
    expect(follower.getSnapshot(GROUP)).toBe(Snapshot.EMPTY);
    put(cache, resource(cluster, 'a', '1'), resource(endpoints, 'a', '1'));
    expect([...take().keys()]).toEqual([cluster, endpoints]);
    put(cache, resource(endpoints, 'a', '2'));
    expect([...take().keys()]).toEqual([endpoints]);
    expect(steps).toHaveLength(3);
    expect(follower.getSnapshot(GROUP)?.version).toBe(cache.getSnapshot(GROUP)?.version);
  });

  test('one step is under way at a time; the next leads to the latest', () => {
    const { cache, follower, feed, steps, take } = pair();
    for (let weight = 0; weight < 100; weight += 1) put(cache, resource(endpoints, 'a', String(weight)));
    expect(steps).toHaveLength(1);
    take();
    expect(steps).toHaveLength(2);
    take();
    expect(steps).toHaveLength(2);
    expect(follower.getSnapshot(GROUP)?.version).toBe(cache.getSnapshot(GROUP)?.version);
    feed.taken();
    expect(steps).toHaveLength(2);
  });

  test('whatever comes while a step is under way, the worker has the same in the end', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const operation = fc.oneof(
      fc.record({
        name,
        content: fc.option(fc.constantFrom('1', '2', '3')),
        typeUrl: fc.constantFrom(cluster, endpoints),
      }),
      fc.constant('take' as const),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const { cache, follower, steps, take } = pair();
        let taken = 0;
        const takeNext = () => {
          if (taken === steps.length) return false;
          taken += 1;
          take();
          return true;
        };
        for (const one of operations) {
          if (one === 'take') takeNext();
          else {
            const { typeUrl, name, content } = one;
            const made = content === null ? undefined : resource(typeUrl, name, content);
            cache.updateResources(GROUP, new Map([[typeUrl, new Map([[name, made]])]]));
          }
          expect(steps.length - taken).toBeLessThanOrEqual(1);
        }
        while (takeNext());
        expect(follower.getSnapshot(GROUP)?.version).toBe(cache.getSnapshot(GROUP)?.version);
        const names = (of: SnapshotCache) => [...(of.getSnapshot(GROUP)?.set(cluster).names() ?? [])];
        expect(names(follower)).toEqual(names(cache));
      }),
    );
  });

  test('a change that was taken back meanwhile needs no resource', () => {
    const { cache, steps, take } = pair();
    put(cache, resource(endpoints, 'a', '1'));
    take();
    put(cache, resource(endpoints, 'b', '1'));
    put(cache, resource(endpoints, 'a', '2'));
    put(cache, resource(endpoints, 'a', '1'));
    expect([...(take().get(endpoints)?.keys() ?? [])]).toEqual(['b']);
    expect(steps).toHaveLength(3);
    expect([...take()]).toEqual([]);
  });

  test('a publication is told of when the worker has all of it, each time the latest', () => {
    const { cache, feed, told, take } = pair();
    put(cache, resource(endpoints, 'a', '1'));
    feed.published(1);
    put(cache, resource(endpoints, 'a', '2'));
    feed.published(2);
    take();
    expect(told).toEqual([]);
    take();
    expect(told).toEqual([2]);
    feed.published(3);
    expect(told).toEqual([2, 3]);
  });

  test('one who waits for the worker waits until it has taken all there is', async () => {
    const { cache, feed, take } = pair();
    let caughtUp = 0;
    const ask = async () => {
      await feed.caughtUp();
      caughtUp += 1;
    };
    await ask();
    expect(caughtUp).toBe(1);
    put(cache, resource(cluster, 'a', '1'));
    put(cache, resource(cluster, 'a', '2'));
    const asked = [ask(), ask()];
    take();
    await Promise.resolve();
    expect(caughtUp).toBe(1);
    take();
    await Promise.all(asked);
    expect(caughtUp).toBe(3);
  });

  test('workers that are equally far share the bytes', () => {
    const pack = sharedPack();
    const from = Snapshot.of([resource(endpoints, 'a', '1')]);
    const to = from.with(new Map([[endpoints, new Map([['a', resource(endpoints, 'a', '2')]])]]));
    expect(pack(GROUP, from, to)).toBe(pack(GROUP, from, to));
    expect(unpackStep(pack(GROUP, undefined, to)).changes.get(endpoints)?.size).toBe(1);
  });
});
