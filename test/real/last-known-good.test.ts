import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Consul } from '../peers/consul.js';
import { eventually } from '../peers/eventually.js';
import { Signalbox } from '../support/signalbox.js';

let consul: Consul;
let signalbox: Signalbox;
beforeAll(async () => {
  consul = await Consul.start({ mode: 'server' });
  await consul.kv.put('upstreams/web/10.0.0.1:80', { weight: 1 });
  const dump = { path: 'consul.dump' };
  signalbox = await Signalbox.start({ discovery: { consul_kv: { servers: [consul.url], dump } } });
});
afterAll(async () => {
  await signalbox?.close();
  await consul?.close();
});

interface Service {
  readonly instances: readonly { readonly address: string }[];
}
const web = async () =>
  (await signalbox.get<Service>('/services/web')).instances.map(({ address }) => address);

test('a restart while Consul is down serves what was served before; Consul, back again, is the truth', async () => {
  await eventually(() => expect(existsSync(join(signalbox.folder, 'consul.dump'))).toBe(true));
  await signalbox.stop('SIGKILL');
  await consul.stop();
  const began = performance.now();
  await signalbox.run();
  console.log(`ready from the last-known-good file in ${(performance.now() - began).toFixed(0)} ms`);
  expect(await web()).toEqual(['10.0.0.1:80']);

  await consul.start();
  await consul.kv.put('upstreams/web/10.0.0.2:80', { weight: 1 });
  await eventually(async () => expect(await web()).toEqual(['10.0.0.1:80', '10.0.0.2:80']), 20_000);
});
