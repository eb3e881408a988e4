import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { Signalbox } from '../support/signalbox.js';
import { Traffic } from '../support/traffic.js';

type Services = Readonly<Record<string, readonly { host: string; port: number; weight?: number }[]>>;

let one: Backend;
let two: Backend;
beforeAll(async () => {
  one = await Backend.start('one');
  two = await Backend.start('two');
});
afterAll(async () => {
  await one?.close();
  await two?.close();
});

/** A Signalbox with a services file, and an Envoy that it steers. */
class Lab {
  private constructor(
    readonly signalbox: Signalbox,
    readonly envoy: Envoy,
    readonly traffic: Traffic,
    private readonly config: Readonly<Record<string, unknown>>,
  ) {}

  static async start(mode: 'sotw' | 'delta', services: Services): Promise<Lab> {
    const port = await freePort();
    const xdsPort = await freePort();
    const config = {
      xds: { listen: `127.0.0.1:${xdsPort}` },
      admin: { listen: `127.0.0.1:${await freePort()}` },
      discovery: { file: { path: 'services.yaml' } },
      listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
      routes: [{ match: { prefix: '/steady/' }, service_name: 'steady' }],
      auto_routes: true,
    };
    const signalbox = await Signalbox.start(config, { waitFor: 'serving' });
    const lab = new Lab(
      signalbox,
      await Envoy.start(adsBootstrap({ mode, xdsPort }), { waitFor: 'admin' }),
      new Traffic(port),
      config,
    );
    lab.write(services);
    await lab.envoy.untilLive();
    await eventually(async () => expect(await lab.listeners()).toBe(1), 30_000);
    return lab;
  }

  write(services: Services): void {
    const path = join(this.signalbox.folder, 'services.yaml');
    writeFileSync(`${path}.new`, JSON.stringify({ services }));
    renameSync(`${path}.new`, path);
  }

  configure(more: Readonly<Record<string, unknown>>): void {
    this.signalbox.configure({ ...this.config, ...more });
  }

  async listeners(): Promise<number | undefined> {
    return (await this.envoy.stats('listener_manager.')).get('listener_manager.total_listeners_active');
  }

  async clusters(): Promise<number> {
    const stats = await this.envoy.stats('cluster_manager.');
    // One more is the control plane itself.
    return (stats.get('cluster_manager.active_clusters') ?? 0) - 1;
  }

  /** Counters by the end of their names, added up. */
  async sum(end: string): Promise<number> {
    return (
      [...(await this.envoy.stats())]
        // The cluster of the control plane itself counts its own name resolutions.
        .filter(([name]) => name.endsWith(end) && !name.startsWith('cluster.xds.'))
        .reduce((sum, [, value]) => sum + value, 0)
    );
  }

  async close(): Promise<void> {
    await this.traffic.close();
    await this.envoy.stop();
    await this.signalbox.close();
  }
}

const at = (backend: Backend) => ({ host: '127.0.0.1', port: backend.port });

describe.each(['sotw', 'delta'] as const)('a real Envoy in %s', (mode) => {
  test.each([0, 1, 2_000])('starts with %i clusters', async (count) => {
    const services = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`service-${index}`, [at(one)]]),
    );
    const lab = await Lab.start(mode, services);
    try {
      // The one that the route names, known to no registry, has a cluster too.
      await eventually(async () => expect(await lab.clusters()).toBe(count + 1), 30_000);
      if (count > 0) {
        const answer = await eventually(async () => {
          const got = await lab.traffic.get(`/service-${count - 1}/path`);
          expect(got.status).toBe(200);
          return got;
        });
        expect(answer).toMatchObject({ status: 200, service: 'one', path: '/path' });
      }
      expect(await lab.sum('update_rejected')).toBe(0);
      expect(await lab.sum('init_fetch_timeout')).toBe(0);
    } finally {
      await lab.close();
    }
  });

  test('follows a service added, changed, emptied, removed and made again', async () => {
    const lab = await Lab.start(mode, { steady: [at(one)] });
    const steady = lab.traffic.steady('/steady/');
    try {
      const answers = (service: string | number) =>
        eventually(async () => {
          const { status, service: by } = await lab.traffic.get('/web/');
          expect(status === 200 ? by : status).toBe(service);
        });
      await answers(404);
      lab.write({ steady: [at(one)], web: [at(one)] });
      await answers('one');
      lab.write({ steady: [at(one)], web: [at(two)] });
      await answers('two');
      lab.write({ steady: [at(one)], web: [] });
      await answers(503);
      lab.write({ steady: [at(one)], web: [at(two)] });
      await answers('two');
      lab.write({ steady: [at(one)] });
      await answers(404);
      await eventually(async () => expect(await lab.clusters()).toBe(1));
      lab.write({ steady: [at(one)], web: [at(one)] });
      await answers('one');
      expect(await lab.sum('update_rejected')).toBe(0);
      expect(await lab.sum('init_fetch_timeout')).toBe(0);
    } finally {
      const { failures } = await steady.stop();
      await lab.close();
      expect(failures).toEqual([]);
    }
  });

  test('takes 20 changes of a cluster under load without a failed request', async () => {
    const lab = await Lab.start(mode, { steady: [at(one), at(two)] });
    await eventually(async () => expect((await lab.traffic.get('/steady/')).status).toBe(200));
    const steady = lab.traffic.steady('/steady/');
    try {
      for (let change = 1; change <= 20; change += 1) {
        lab.configure({ services: { steady: { connect_timeout: `${change}s` } } });
        await eventually(
          async () => {
            const dump = JSON.stringify((await lab.envoy.configDump()).get('ClustersConfigDump'));
            expect(dump).toContain(`"connect_timeout":"${change}s"`);
            expect(dump).not.toContain('dynamic_warming_clusters');
          },
          10_000,
          50,
        );
      }
      expect(await lab.sum('init_fetch_timeout')).toBe(0);
      expect(await lab.sum('update_rejected')).toBe(0);
    } finally {
      const { requests, failures } = await steady.stop();
      await lab.close();
      expect(failures).toEqual([]);
      expect(requests).toBeGreaterThan(100);
    }
  });

  test('goes on while the control plane is killed, and follows the one that comes after', async () => {
    const lab = await Lab.start(mode, { steady: [at(one)] });
    await eventually(async () => expect((await lab.traffic.get('/steady/')).status).toBe(200));
    const steady = lab.traffic.steady('/steady/');
    try {
      const updates = () => lab.sum('.update_success');
      const before = await updates();
      const modified = [await lab.sum('cluster_modified'), await lab.sum('listener_modified')];
      await lab.signalbox.stop('SIGKILL');
      await eventually(async () => expect(await lab.sum('control_plane.connected_state')).toBe(0));
      await lab.signalbox.run();
      await eventually(async () => expect(await lab.sum('control_plane.connected_state')).toBe(1), 30_000);
      const synced = async () => {
        const { proxies } = await lab.signalbox.get<{ proxies: { types: Record<string, unknown> }[] }>(
          '/proxies',
        );
        expect(Object.keys(proxies[0]?.types ?? {}).sort()).toEqual(['CDS', 'EDS', 'LDS', 'RDS']);
      };
      await eventually(synced);
      // In SotW clusters and listeners are always sent on a new stream; the Envoy skips what is equal.
      const sent = mode === 'sotw' ? 2 : 0;
      await eventually(async () => expect(await updates()).toBe(before + sent));
      expect([await lab.sum('cluster_modified'), await lab.sum('listener_modified')]).toEqual(modified);
      lab.write({ steady: [at(two)] });
      await eventually(async () => expect((await lab.traffic.get('/steady/')).service).toBe('two'));
      expect(await lab.sum('update_rejected')).toBe(0);
    } finally {
      const { failures } = await steady.stop();
      await lab.close();
      expect(failures).toEqual([]);
    }
  });
});
