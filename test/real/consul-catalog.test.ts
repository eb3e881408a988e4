import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Consul } from '../peers/consul.js';
import { ConsulCatalog } from '../peers/consul-catalog.js';
import { eventually } from '../peers/eventually.js';
import { ConsulWatch } from '../support/consul-watch.js';
import { recorderOf } from '../support/http-recorder.js';

/** How many services there are already decides how the catalogue is followed. */
describe.each([
  { way: 'a query for each of few services', services: 0, nodes: 0 },
  { way: 'three queries for many services on few nodes', services: 80, nodes: 3 },
  { way: 'three queries for many services on many nodes', services: 70, nodes: 120 },
])('$way', ({ services, nodes }) => {
  let consul: Consul;
  let catalog: ConsulCatalog;
  let watch: ConsulWatch | undefined;

  beforeAll(async () => {
    consul = await Consul.start();
    catalog = new ConsulCatalog(consul.url);
    const count = Math.max(services, nodes);
    for (let at = 0; at < count; at += 1)
      await catalog.register({
        service: `filler-${at % services}`,
        id: `filler-${at}`,
        node: `filler-${at % nodes}`,
        port: 1_000 + at,
      });
  });

  afterEach(async () => await watch?.close());

  afterAll(async () => {
    await catalog?.close();
    await consul?.close();
  });

  const start = async (options: object = {}): Promise<ConsulWatch> => {
    watch = new ConsulWatch(consul.url, options);
    await watch.healthy();
    return watch;
  };

  test('sees instances come, change and go', async () => {
    const { sink, ...seen } = await startWith();
    expect(sink.services.size).toBe(services);

    await catalog.register({ service: 'web', node: 'n1', meta: null });
    await seen.served('web', ['10.1.0.1:80']);
    const on2 = { service: 'web', node: 'n2', id: 'web-2', address: '2001:db8::1', port: 8080 };
    await catalog.register({ ...on2, tags: ['b', 'a'], meta: { version: 'v1' }, check: 'passing' });
    await seen.served('web', ['10.1.0.1:80', '[2001:db8::1]:8080']);
    const other = () => sink.services.get('web')?.instances.find(({ port }) => port !== 80);
    expect(other()?.metadata).toEqual({ tags: 'a,b', 'tag.a': 'true', 'tag.b': 'true', version: 'v1' });

    // Neither of these shows in the checks or in the list of names.
    await catalog.register({ ...on2, tags: ['b', 'a'], meta: { version: 'v2' }, weight: 5 });
    await eventually(() => expect(other()).toMatchObject({ weight: 5, metadata: { version: 'v2' } }), 30_000);
    await catalog.register({ ...on2, port: 8081 });
    await seen.served('web', ['10.1.0.1:80', '[2001:db8::1]:8081']);
    expect(other()).toMatchObject({ weight: 1, metadata: {} });

    await catalog.register({ ...on2, port: 8081, check: 'critical' });
    await seen.served('web', ['10.1.0.1:80']);
    expect(sink.services.get('web')?.filtered).toEqual([
      { address: '2001:db8::1:8081', reason: 'unhealthy', detail: 'check "check:web-2" is critical' },
    ]);
    await catalog.register({ ...on2, port: 8081, check: 'passing' });
    await seen.served('web', ['10.1.0.1:80', '[2001:db8::1]:8081']);

    await catalog.checkNode('n1', 'critical');
    await seen.served('web', ['[2001:db8::1]:8081']);
    await catalog.checkNode('n1', 'passing');
    await seen.served('web', ['10.1.0.1:80', '[2001:db8::1]:8081']);
    await catalog.moveNode('n1', '10.1.0.9');
    await seen.served('web', ['10.1.0.9:80', '[2001:db8::1]:8081']);

    await catalog.register({ service: 'web', node: 'n2', id: 'bad', address: 'no address!', port: 1 });
    await catalog.register({ service: 'web', node: 'n2', id: 'twice', address: '10.1.0.9', port: 80 });
    await eventually(() => {
      const reasons = sink.services.get('web')?.filtered.map(({ reason }) => reason);
      expect(reasons).toEqual(['bad_address', 'duplicate']);
    }, 30_000);
    expect(sink.addresses('web')).toEqual(['10.1.0.9:80', '[2001:db8::1]:8081']);

    await catalog.deregister('n1', 'web');
    await seen.served('web', ['10.1.0.9:80', '[2001:db8::1]:8081']);
    await catalog.deregister('n2', 'twice');
    await seen.served('web', ['[2001:db8::1]:8081']);
    await catalog.deregister('n2');
    await seen.served('web', undefined);
    await catalog.deregister('n1');
    await catalog.register({ service: 'web', node: 'n3', port: 82 });
    await seen.served('web', ['10.1.0.1:82']);
    await catalog.deregister('n3');
    await seen.served('web', undefined);
    expect(sink.services.size).toBe(services);
    expect(sink.services.has('consul')).toBe(false);
    expect(sink.errors).toEqual([]);
  });

  const startWith = async () => {
    const started = await start({ use_weights: true });
    return { sink: started.sink, served: started.served.bind(started) };
  };

  test('a change costs no query for each service', async () => {
    const recorder = await recorderOf(consul.url).start();
    for (let at = 0; at < 20; at += 1)
      await catalog.register({ service: `s${at}`, node: 'same', id: `s${at}`, port: 1_000 + at });
    watch = new ConsulWatch(recorder.url);
    try {
      await watch.healthy();
      await watch.served('s19', ['10.1.0.1:1019']);
      const read = () =>
        recorder.requests
          .slice(before)
          .map(({ url }) => url.pathname)
          .filter((path) => path.startsWith('/v1/health/service/'));
      const standing = () => recorder.requests.filter(({ url }) => url.searchParams.has('index'));
      await eventually(() => expect(standing().length).toBeGreaterThanOrEqual(nodes > 0 ? 3 : 21), 30_000);
      let before = recorder.requests.length;
      await catalog.register({ service: 's7', node: 'same', id: 's7', port: 1_007, check: 'critical' });
      await watch.served('s7', []);
      await catalog.register({ service: 's7', node: 'same', id: 's7', port: 1_007, check: 'passing' });
      await watch.served('s7', ['10.1.0.1:1007']);
      // A query that stood already is followed by the next one a little later.
      await eventually(() => expect(read().length).toBeGreaterThanOrEqual(2), 30_000);
      expect(new Set(read())).toEqual(new Set(['/v1/health/service/s7']));

      before = recorder.requests.length;
      await catalog.register({ service: 's8', node: 'same', id: 's8', port: 2_008 });
      await watch.served('s8', ['10.1.0.1:2008']);
      await eventually(() => expect(read()).not.toEqual([]), 30_000);
      expect(new Set(read())).toEqual(new Set(['/v1/health/service/s8']));
      expect(recorder.requests.length - before).toBeLessThan(15);
    } finally {
      await watch.close();
      await recorder.stop();
      await catalog.deregister('same');
    }
  });

  test('a service is followed while others change faster than they are read', async () => {
    const busy = Array.from({ length: 10 }, (_, at) => `busy-${at}`);
    for (const service of [...busy, 'last'])
      await catalog.register({ service, node: 'busy', id: service, port: 80 });
    const { served } = await startWith();
    const end = new AbortController();
    const changing = busy.map(async (service) => {
      for (let port = 1_000; !end.signal.aborted; port += 1)
        await catalog.register({ service, node: 'busy', id: service, port });
    });
    try {
      // At first some changes are read immediately.
      for (let port = 2_000; port < 2_020; port += 1) {
        await catalog.register({ service: 'last', node: 'busy', id: 'last', port });
        await served('last', [`10.1.0.1:${port}`], 5_000);
      }
    } finally {
      end.abort();
      await Promise.all(changing);
      await catalog.deregister('busy');
    }
  });
});
