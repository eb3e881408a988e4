import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { messageIn, XdsClient } from '../../src/testing/index.js';
import { Consul } from '../peers/consul.js';
import { ConsulCatalog } from '../peers/consul-catalog.js';
import { eventually } from '../peers/eventually.js';
import { Signalbox } from '../support/signalbox.js';

const SERVICES = Array.from({ length: 20 }, (_, index) => `service-${index}`);
const NODE = 'node';

let consul: Consul;
let catalog: ConsulCatalog;
let signalbox: Signalbox;
let proxy: XdsClient;

beforeAll(async () => {
  consul = await Consul.start();
  catalog = new ConsulCatalog(consul.url);
  await registerAll();
  signalbox = await Signalbox.start({
    discovery: {
      consul: {
        servers: [consul.url],
        skip_services: ['consul'],
        // Ended by the operator, whatever this machine takes for the test.
        mass_loss: { hold: '10m' },
      },
    },
  });
  proxy = new XdsClient(`127.0.0.1:${signalbox.xdsPort}`, { node: 'proxy' });
  proxy.subscribe(TYPE_URL.endpoints, ...SERVICES);
});
afterAll(async () => {
  proxy?.close();
  await signalbox?.close();
  await catalog?.close();
  await consul?.close();
});

const each = SERVICES.flatMap((service) =>
  [1, 2, 3].map((port) => ({ service, id: `${service}-${port}`, port })),
);

async function registerAll(): Promise<void> {
  for (const instance of each) await catalog.register({ ...instance, node: NODE });
}
/** How many instances the proxy has of all services. */
function endpoints(): number {
  const assignments = [...proxy.resources(TYPE_URL.endpoints).values()].map((resource) =>
    messageIn('envoy.config.endpoint.v3.ClusterLoadAssignment', resource),
  );
  return assignments
    .flatMap(({ endpoints = [] }) => endpoints)
    .reduce((sum, { lb_endpoints = [] }) => sum + lb_endpoints.length, 0);
}

const registry = async () =>
  (await signalbox.get<{ registries: readonly object[] }>('/registries')).registries[0];
const all = { instances: 60, held: { services: 20, instances: 60 } };

/** One instance after the other goes. Half of them are not too many: they are let through before the others go. */
async function deregisterAll(): Promise<void> {
  const began = Date.now();
  for (const { id, service, port } of each) {
    await catalog.deregister(NODE, id);
    const left = 60 - SERVICES.indexOf(service) * 3 - 3;
    if (port === 3 && left >= 30) await proxy.until(() => endpoints() === left, 30_000);
  }
  console.log(`60 instances went one by one within ${Date.now() - began} ms`);
  await eventually(async () => expect(await registry()).toMatchObject(all), 30_000);
  await proxy.until(() => endpoints() === 60, 30_000);
}

async function release(): Promise<void> {
  const quiet = { write: () => true };
  const admin = signalbox.admin.replace('http://', '');
  const streams = { stdout: quiet, stderr: quiet };
  expect(await runCommandLine(['release', 'consul', '--admin', admin], streams)).toBe(0);
}

test('20 services that go one after the other are served until "signalbox release" believes it', async () => {
  await proxy.until(() => endpoints() === 60, 30_000);
  await deregisterAll();
  expect(await signalbox.get('/explain?q=service-7')).toMatchObject({
    services: [{ held: [{ addresses: ['10.1.0.1:1', '10.1.0.1:2', '10.1.0.1:3'] }] }],
  });
  await release();
  await proxy.until(() => endpoints() === 0, 30_000);
  await eventually(async () =>
    expect(await registry()).toMatchObject({ services: 0, instances: 0, held: null }),
  );
});

test('so are those that came a moment ago, and what comes back needs no release', async () => {
  await registerAll();
  await proxy.until(() => endpoints() === 60, 30_000);
  await deregisterAll();
  // What is new is served beside what is held.
  await catalog.register({ service: 'service-0', id: 'new', port: 4, node: NODE });
  await proxy.until(() => endpoints() === 61, 30_000);
  await registerAll();
  await eventually(async () => expect(await registry()).toMatchObject({ instances: 61, held: null }), 30_000);
  await proxy.until(() => endpoints() === 61, 30_000);
});
