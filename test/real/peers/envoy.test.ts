import { afterEach, expect, test } from 'vitest';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { freePort } from '../../peers/process.js';

const started: Envoy[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((envoy) => envoy.stop()));
});

test.each(['sotw', 'delta'] as const)(
  'Envoy takes the %s bootstrap that operators are given',
  async (mode) => {
    const xdsPort = await freePort();
    const envoy = await Envoy.start(adsBootstrap({ mode, xdsPort, node: 'lab-7' }), { waitFor: 'admin' });
    started.push(envoy);

    expect(await envoy.get('/server_info')).toContain('"lab-7"');
    const dump = await envoy.configDump();
    expect(JSON.stringify(dump.get('BootstrapConfigDump'))).toContain(`"port_value":${xdsPort}`);
    const stats = await envoy.stats('control_plane.');
    expect(stats.get('control_plane.connected_state')).toBe(0);
    expect([...stats.keys()].filter((name) => !name.startsWith('control_plane.'))).toEqual([]);
  },
);

test('two run side by side and end when told to', async () => {
  const bootstrap = adsBootstrap({ mode: 'sotw', xdsPort: await freePort() });
  started.push(await Envoy.start(bootstrap, { waitFor: 'admin' }));
  started.push(await Envoy.start(bootstrap, { waitFor: 'admin' }));
  const [one, two] = started;
  expect(one?.admin).not.toBe(two?.admin);
  await one?.stop();
  expect(one?.process.running).toBe(false);
  expect(await two?.get('/server_info')).toContain('"envoy-1"');
});

test('a bootstrap that Envoy refuses fails with its own words', async () => {
  await expect(Envoy.start('admin: { nonsense: true }')).rejects.toThrow(/nonsense/);
});
