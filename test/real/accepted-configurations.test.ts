import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encode } from '../../src/protobuf/messages.js';
import { endpointsResource } from '../../src/resources/endpoints.js';
import { makeResource, type Resource } from '../../src/snapshot/resource.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { Certificates } from '../peers/certificates.js';
import {
  type Accepted,
  ARBITRARY_KEYS,
  accepted,
  arbitraryConfiguration,
} from '../support/arbitrary-configuration.js';
import { configOf } from '../support/configuration.js';
import { envoyRefusal } from '../support/envoy-validation.js';
import { exampleNames, readExample } from '../support/examples.js';
import { instanceAt } from '../support/instances.js';
import { contentOf, publishedResources } from '../support/published.js';

/** How many configurations, and from where on: more of them, or others, than the fixed ones. */
const COUNT = Number(process.env.SIGNALBOX_CONFIGURATIONS ?? 520);
const SEED = Number(process.env.SIGNALBOX_SEED ?? 9);
/** In one Envoy. */
const BATCH = 260;

let files: Certificates;
beforeAll(async () => {
  files = await Certificates.make();
});
afterAll(() => files?.remove());

interface Built {
  readonly configuration: Accepted;
  readonly resources: readonly Resource[];
}

/** The first one that is refused, and why. */
async function refused(all: readonly Built[]): Promise<string | undefined> {
  const reason = await envoyRefusal(all.flatMap(({ resources }) => resources));
  const [only] = all;
  if (reason === undefined || only === undefined) return undefined;
  const { text, services } = only.configuration;
  if (all.length === 1) return `${reason}\n${text}\n${JSON.stringify(services)}`;
  const middle = Math.ceil(all.length / 2);
  return (await refused(all.slice(0, middle))) ?? (await refused(all.slice(middle)));
}

test('whatever is accepted here a real Envoy accepts', async () => {
  const written = fc.sample(arbitraryConfiguration(files), { seed: SEED, numRuns: COUNT });
  const all = written.flatMap((each, number) => accepted(each, number) ?? []);
  expect(all.length).toBeGreaterThanOrEqual(COUNT * 0.95);
  const built = all.map((configuration): Built => {
    const { config, services } = configuration;
    return { configuration, resources: publishedResources(config, services) };
  });
  for (let start = 0; start < built.length; start += BATCH)
    expect(await refused(built.slice(start, start + BATCH))).toBeUndefined();
  const said = new Set(all.flatMap(({ keys }) => keys));
  expect(ARBITRARY_KEYS.filter((key) => !said.has(key))).toEqual([]);
}, 300_000);

test.each(exampleNames())('a real Envoy takes docs/examples/%s', async (name) => {
  const texts = {
    '/etc/envoy/ca.pem': files.ca,
    '/etc/envoy/client.pem': files.client.cert,
    '/etc/envoy/client.key': files.client.key,
    [contentOf('/etc/signalbox/clients.pem')]: contentOf(files.ca),
    ...Object.fromEntries(
      ['default', 'shop'].flatMap((name) => [
        [contentOf(`/etc/signalbox/${name}.pem`), contentOf(files.server.cert)],
        [contentOf(`/etc/signalbox/${name}.key`), contentOf(files.server.key)],
      ]),
    ),
  };
  expect(await envoyRefusal(readExample(name).resources, texts)).toBeUndefined();
});

const LISTENERS = [{ name: 'http', address: '127.0.0.1:80' }];
const good = () =>
  publishedResources(
    configOf({
      listeners: LISTENERS,
      routes: [{ match: { prefix: '/' }, service_name: 'one' }],
    }),
    { one: [{ host: '127.0.0.1', port: 1 }] },
  );
const cluster = makeResource(
  TYPE_URL.cluster,
  'bad',
  encode('envoy.config.cluster.v3.Cluster', { name: 'bad', connect_timeout: { seconds: -1 } }),
);
const deprecated = makeResource(
  TYPE_URL.cluster,
  'bad',
  encode('envoy.config.cluster.v3.Cluster', { name: 'bad', type: 'STRICT_DNS', respect_dns_ttl: true }),
);
const routes = makeResource(
  TYPE_URL.route,
  'http',
  encode('envoy.config.route.v3.RouteConfiguration', {
    virtual_hosts: [{ name: 'a', domains: ['a', 'a'] }],
  }),
);
const nowhere = makeResource(
  TYPE_URL.route,
  'http',
  encode('envoy.config.route.v3.RouteConfiguration', {
    virtual_hosts: [
      { name: 'a', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'none' } }] },
    ],
  }),
);
const listener = makeResource(
  TYPE_URL.listener,
  'bad',
  encode('envoy.config.listener.v3.Listener', {
    name: 'bad',
    filter_chains: [{ filters: [{ name: 'no' }] }],
  }),
);

test.each<[string, Resource]>([
  ['a cluster', cluster],
  ['a cluster with a deprecated field', deprecated],
  ['routes', routes],
  ['routes to a cluster that is not there', nowhere],
  ['a load assignment', endpointsResource('one', [instanceAt('127.0.0.1:1', { port: 70_000 })])],
  ['a listener', listener],
])('%s that Envoy does not take is seen among those that it takes', async (_, bad) => {
  expect(await envoyRefusal(good())).toBeUndefined();
  const others = good().filter(({ typeUrl, name }) => typeUrl !== bad.typeUrl || name !== bad.name);
  expect(await envoyRefusal([...others, bad])).toEqual(expect.any(String));
});
