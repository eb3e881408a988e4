import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../src/config/load.js';
import { encode, pack } from '../../../src/protobuf/messages.js';
import { clusterResource } from '../../../src/resources/cluster.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { accepted, arbitraryConfiguration } from '../../support/arbitrary-configuration.js';
import { readCookbook } from '../../support/cookbook/page.js';
import { deprecatedFields } from '../../support/deprecated-fields.js';
import { exampleNames, readExample } from '../../support/examples.js';
import { instanceAt } from '../../support/instances.js';
import { type FileServices, publishedResources } from '../../support/published.js';

/** Nothing reads them here. */
const FILES = { cert: '/tls/server.pem', key: '/tls/server.key' };

test.each(exampleNames())('docs/examples/%s is served without a field that Envoy has deprecated', (name) => {
  expect(readExample(name).resources.flatMap(deprecatedFields)).toEqual([]);
});

const { recipes, services } = readCookbook();

test.each(recipes.map(({ title, configuration }) => [title, configuration]))(
  'the recipe "%s" is served without one',
  (_, configuration = '') => {
    const { config } = parseConfig(configuration, 'signalbox.yaml', {});
    if (config === undefined) throw new Error('the recipe is no configuration');
    const known: FileServices = parse(services).services;
    expect(publishedResources(config, known).flatMap(deprecatedFields)).toEqual([]);
  },
);

test('no option makes one', () => {
  const written = fc.sample(arbitraryConfiguration({ ca: '/tls/ca.pem', server: FILES }), {
    seed: 17,
    numRuns: 20,
  });
  const built = written.flatMap((each, number) => accepted(each, number) ?? []);
  expect(built.length).toBeGreaterThanOrEqual(15);
  const found = built.flatMap((each) => publishedResources(each.config, each.services));
  expect([...new Set(found.flatMap(deprecatedFields))]).toEqual([]);
});

test('Envoy’s own JSON over a cluster of host names makes none either', () => {
  const made = clusterResource('web', [instanceAt('web.example:80')], {
    connectTimeout: 1_000,
    lbPolicy: 'ROUND_ROBIN',
    dns: { respectTtl: true },
    envoy: [
      {
        dns_failure_refresh_rate: { base_interval: '2s', max_interval: '9s' },
        dnsLookupFamily: 'V6_ONLY',
      },
    ],
  });
  expect(deprecatedFields(made)).toEqual([]);
});

test('one is found in a resource, in a list, in an Any, and in what only newer Envoys call deprecated', () => {
  const cluster = makeResource(
    TYPE_URL.cluster,
    'old',
    encode('envoy.config.cluster.v3.Cluster', { name: 'old', respect_dns_ttl: true }),
  );
  const manager = pack('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    access_log_flush_interval: { seconds: 1 },
  });
  const listener = makeResource(
    TYPE_URL.listener,
    'old',
    encode('envoy.config.listener.v3.Listener', {
      filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
    }),
  );
  expect(deprecatedFields(cluster)).toEqual(['envoy.config.cluster.v3.Cluster.respect_dns_ttl']);
  expect(deprecatedFields(listener)).toEqual([
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.access_log_flush_interval',
  ]);
});
