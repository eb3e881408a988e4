import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ReleaseView } from '../../../src/admin/release.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { Received } from '../../conformance/wire.js';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { eventually } from '../../peers/eventually.js';
import { freePort } from '../../peers/process.js';
import { connect } from '../../support/ads-client.js';
import { ModelledProxy } from '../../support/modelled-proxy.js';
import { Signalbox } from '../../support/signalbox.js';

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

const NAMES = Array.from({ length: 12 }, (_, index) => `s${index}`);
const services = `services:\n${NAMES.map((name) => `  ${name}: [{ host: 127.0.0.1, port: 9 }]\n`).join('')}`;
const release = (signalbox: Signalbox) => signalbox.get<ReleaseView>('/release');

async function listening(envoy: Envoy): Promise<readonly string[]> {
  const { listener_statuses: all = [] } = JSON.parse(await envoy.get('/listeners?format=json')) as {
    listener_statuses?: { name: string }[];
  };
  return all.map(({ name }) => name).sort();
}

async function clusters(envoy: Envoy): Promise<readonly string[]> {
  const dump = await envoy.get('/config_dump');
  return NAMES.filter((name) => dump.includes(`"name": "${name}"`));
}

test.each([
  ['sotw', 0],
  ['delta', 2],
] as const)(
  'a restart, and a proxy of one group that rejects everything: Envoys of both groups lose nothing (%s, %i workers)',
  async (mode, workers) => {
    const [xdsPort, http] = await Promise.all([freePort(), freePort()]);
    const signalbox = await Signalbox.start(
      {
        xds: { listen: `127.0.0.1:${xdsPort}`, workers },
        discovery: { file: { path: 'services.yaml' } },
        listeners: [{ name: 'http', address: `127.0.0.1:${http}` }],
        auto_routes: true,
        groups: { a: { match: { id: 'a-*' } }, b: { match: { id: 'b-*' } } },
      },
      { before: (folder) => writeFileSync(join(folder, 'services.yaml'), services) },
    );
    ended.push(() => signalbox.close());
    const envoy = await Envoy.start(adsBootstrap({ mode, xdsPort, node: 'a-1' }));
    ended.push(() => envoy.stop());
    await eventually(async () => {
      expect(await clusters(envoy)).toEqual(NAMES);
      expect(await listening(envoy)).toEqual(['http']);
    }, 30_000);

    await signalbox.process.stop();
    const names = new Map<string, readonly string[]>([
      ...[TYPE_URL.cluster, TYPE_URL.listener].map((typeUrl) => [typeUrl, []] as const),
      [TYPE_URL.endpoints, NAMES],
      [TYPE_URL.route, ['http']],
    ]);
    const judge = ({ resources }: { readonly resources: readonly { readonly name: string }[] }) =>
      `no: ${resources.map(({ name }) => name).join(', ')}`;
    const hostile = new ModelledProxy({ node: 'b-hostile', protocol: mode, names, judge });
    const client = connect(`127.0.0.1:${xdsPort}`);
    ended.push(() => client.close());
    await signalbox.run();
    hostile.connect(client);
    ended.push(() => hostile.cut());
    await eventually(() => expect(hostile.rejections).toBeGreaterThanOrEqual(4), 20_000);
    await eventually(async () => {
      const { held_back, quarantined } = await release(signalbox);
      expect(held_back.map(({ node, group }) => [node, group])).toContainEqual(['b-hostile', 'b']);
      for (const { group, state } of quarantined) expect([group, state]).toEqual(['b', 'kept']);
    });
    const connected = async () => {
      const { proxies } = await signalbox.get<{ proxies: { node: { id: string } }[] }>('/proxies');
      return proxies.map(({ node }) => node.id);
    };
    await eventually(async () => expect(await connected()).toContain('a-1'), 20_000);
    expect(await clusters(envoy)).toEqual(NAMES);
    expect(await listening(envoy)).toEqual(['http']);
    // What is new reaches the other group, and one of the same that comes only now.
    const other = await Envoy.start(adsBootstrap({ mode, xdsPort, node: 'a-2' }));
    ended.push(() => other.stop());
    await eventually(async () => expect(await clusters(other)).toEqual(NAMES), 30_000);
    const stats = await envoy.stats('cluster_manager.cluster_removed');
    expect(stats.get('cluster_manager.cluster_removed')).toBe(0);
  },
);

test.each(['sotw', 'delta'] as const)(
  'a proxy that comes from another replica with what is left out here keeps it from the first answer on (%s, workers)',
  async (protocol) => {
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    const config = (...listeners: readonly string[]) => ({
      xds: { listen: `127.0.0.1:${ports[0]}`, workers: 2 },
      admin: { listen: '127.0.0.1:0' },
      discovery: { file: { path: 'services.yaml' } },
      listeners: listeners.map((name, index) => ({ name, address: `127.0.0.1:${ports[index + 1]}` })),
    });
    const signalbox = await Signalbox.start(config('http'), {
      before: (folder) => writeFileSync(join(folder, 'services.yaml'), 'services: {}\n'),
    });
    ended.push(() => signalbox.close());
    const names = new Map<string, readonly string[]>([[TYPE_URL.listener, []]]);
    const start = (node: string, judge?: (response: Received) => string | undefined) => {
      const proxy = new ModelledProxy({ node, protocol, names, ...(judge && { judge }) });
      const client = connect(`127.0.0.1:${ports[0]}`, { 'grpc.use_local_subchannel_pool': 1 });
      ended.push(() => client.close());
      ended.push(() => proxy.cut());
      return { proxy, connect: () => proxy.connect(client) };
    };
    const listeners = ({ held }: ModelledProxy) => [...held.keys()].map((key) => key.split(' ')[1]).sort();
    const picky = start('picky', ({ resources }) =>
      resources.some(({ name }) => name === 'public') ? 'public: no' : undefined,
    );
    picky.connect();
    await eventually(() => expect(listeners(picky.proxy)).toEqual(['http']));
    signalbox.configure(config('http', 'public'));
    signalbox.process.signal('SIGHUP');
    await eventually(async () => {
      const { quarantined } = await release(signalbox);
      expect(quarantined).toMatchObject([{ name: 'public', state: 'rejected', served: null }]);
    }, 20_000);

    const others = Array.from({ length: 4 }, (_, index) => start(`other-${index}`));
    for (const { proxy, connect: come } of others) {
      proxy.pretend(TYPE_URL.listener, 'http', 'of another replica');
      proxy.pretend(TYPE_URL.listener, 'public', 'of another replica');
      come();
    }
    for (const { proxy } of others)
      await eventually(() => expect([...proxy.held.values()].every((content) => content !== '')).toBe(true));
    expect(others.map(({ proxy }) => proxy.lost)).toEqual(others.map(() => []));
    expect(others.map(({ proxy }) => listeners(proxy))).toEqual(others.map(() => ['http', 'public']));
  },
);

describe('an Envoy that cannot bind an address', () => {
  test('is held back alone, and shown; others keep the listener', async () => {
    const [xdsPort, http] = await Promise.all([freePort(), freePort()]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ended.push(() => server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const config = (...listeners: readonly object[]) => ({
      xds: { listen: `127.0.0.1:${xdsPort}` },
      admin: { listen: '127.0.0.1:0' },
      discovery: { file: { path: 'services.yaml' } },
      listeners: [{ name: 'http', address: `127.0.0.1:${http}` }, ...listeners],
    });
    const signalbox = await Signalbox.start(config(), {
      before: (folder) => writeFileSync(join(folder, 'services.yaml'), services),
    });
    ended.push(() => signalbox.close());
    const envoy = await Envoy.start(adsBootstrap({ mode: 'delta', xdsPort, node: 'busy' }));
    ended.push(() => envoy.stop());
    await eventually(async () => expect(await listening(envoy)).toEqual(['http']), 30_000);
    signalbox.configure(config({ name: 'public', address: `127.0.0.1:${address.port}` }));
    signalbox.process.signal('SIGHUP');
    await eventually(
      async () =>
        expect(await release(signalbox)).toMatchObject({
          quarantined: [],
          held_back: [{ node: 'busy', reason: 'cannot_bind', type: 'LDS', names: ['public'] }],
        }),
      30_000,
    );
    const names = new Map<string, readonly string[]>([[TYPE_URL.listener, []]]);
    const free = new ModelledProxy({ node: 'free', protocol: 'delta', names });
    const client = connect(`127.0.0.1:${xdsPort}`);
    ended.push(() => client.close());
    free.connect(client);
    await eventually(() =>
      expect([...free.held.keys()].map((key) => key.split(' ')[1]).sort()).toEqual(['http', 'public']),
    );
    free.cut();
    signalbox.configure(config());
    signalbox.process.signal('SIGHUP');
    await eventually(async () => expect((await release(signalbox)).held_back).toEqual([]), 30_000);
  });
});
