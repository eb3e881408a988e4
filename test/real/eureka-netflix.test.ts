import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eurekaOptions } from '../../src/discovery/eureka/options.js';
import { createEurekaSources } from '../../src/discovery/eureka/source.js';
import { Eureka, type EurekaOptions } from '../peers/eureka.js';
import { eventually } from '../peers/eventually.js';
import { RecordingSink } from '../support/recording-sink.js';

let eureka: Eureka | undefined;
let life: AbortController;
let running: Promise<void> | undefined;
let sink: RecordingSink;

const start = async (properties: EurekaOptions['properties'] = {}): Promise<Eureka> => {
  eureka = await Eureka.start({ kind: 'netflix', properties });
  const options = { type: 'eureka', host: [eureka.url], prefix: '/eureka/v2/', fetch_interval: 1 };
  const logger = pino({ enabled: false });
  const [source] = createEurekaSources('eu', eurekaOptions.parse(options), { logger });
  running = source?.run(sink, life.signal);
  return eureka;
};
const served = (addresses: readonly string[] | undefined) =>
  eventually(() => expect(sink.addresses('WEB')).toEqual(addresses), 30_000);
const instances = [1, 2].map((at) => ({ app: 'web', host: `10.0.0.${at}`, port: 80 }));

beforeEach(() => {
  life = new AbortController();
  sink = new RecordingSink();
});

afterEach(async () => {
  life.abort();
  await running;
  await eureka?.close();
});

test.each([false, true])(
  "Netflix's own server under /eureka/v2 with its compressed answers; deltas disabled: %s",
  async (disabled) => {
    const server = await start({ 'eureka.disableDelta': disabled });
    for (const instance of instances) await server.register(instance);
    await served(['10.0.0.1:80', '10.0.0.2:80']);
    for (const instance of instances.slice(1)) await server.override(instance, 'OUT_OF_SERVICE');
    await served(['10.0.0.1:80']);
    for (const instance of instances) await server.deregister(instance);
    await served(undefined);
    expect(sink.errors).toEqual([]);
  },
);

test('a server that was started anew and has not filled up yet refuses, and that takes nothing out', async () => {
  const server = await start({ 'eureka.waitTimeInMsWhenSyncEmpty': 3_000 });
  for (const instance of instances) await server.register(instance);
  await served(['10.0.0.1:80', '10.0.0.2:80']);
  await server.stop();
  const started = server.start();
  await eventually(() => expect(sink.errors.map(({ code }) => code)).toContain('registry_refused'), 60_000);
  expect(sink.addresses('WEB')).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
  await started;
  await served(undefined);
  expect(sink.healthy).toBe(true);
});
