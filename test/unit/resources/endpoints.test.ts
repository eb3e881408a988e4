import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeContributions } from '../../../src/catalogue/service-view.js';
import type { Instance } from '../../../src/model/instance.js';
import { decode } from '../../../src/protobuf/messages.js';
import { endpointsResource, loadAssignment } from '../../../src/resources/endpoints.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { instanceAt } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

const NAME = 'envoy.config.endpoint.v3.ClusterLoadAssignment';
const decoded = (...instances: readonly Instance[]) => decode(NAME, endpointsResource('web', instances).body);

test('an address and a weight for each instance, weights in their ratio', () => {
  expect(
    decoded(instanceAt('10.0.0.1:80', { weight: 0.5 }), instanceAt('[2001:db8::1]:81', { weight: 1.5 })),
  ).toEqual({
    cluster_name: 'web',
    endpoints: [
      {
        locality: {},
        load_balancing_weight: { value: 20 },
        lb_endpoints: [
          {
            endpoint: { address: { socket_address: { address: '10.0.0.1', port_value: 80 } } },
            load_balancing_weight: { value: 5 },
          },
          {
            endpoint: { address: { socket_address: { address: '2001:db8::1', port_value: 81 } } },
            load_balancing_weight: { value: 15 },
          },
        ],
      },
    ],
  });
});

test('no instances are an assignment without endpoints', () => {
  const resource = endpointsResource('web', []);
  expect(resource).toMatchObject({ typeUrl: TYPE_URL.endpoints, name: 'web', references: [] });
  expect(decode(NAME, resource.body)).toEqual({ cluster_name: 'web' });
});

test('instances are grouped by locality, in the order of its parts; each group weighs what it holds', () => {
  const { endpoints } = decoded(
    instanceAt('a:1', { locality: { region: 'eu', zone: 'b' }, weight: 2 }),
    instanceAt('b:1', { locality: { region: 'eu', zone: 'a', sub_zone: 's' }, weight: 3 }),
    instanceAt('c:1', { weight: 5 }),
    instanceAt('d:1', { locality: { region: 'eu', zone: 'b' }, weight: 7 }),
  );
  const groups = endpoints?.map(({ locality, load_balancing_weight, lb_endpoints }) => [
    locality,
    load_balancing_weight?.value,
    lb_endpoints?.length,
  ]);
  expect(groups).toEqual([
    [{}, 5, 1],
    [{ region: 'eu', zone: 'a', sub_zone: 's' }, 3, 1],
    [{ region: 'eu', zone: 'b' }, 9, 2],
  ]);
});

test('a locality weighs at most 2^31-1, and keeps its ratio to the others', () => {
  const { endpoints } = loadAssignment('web', [
    instanceAt('a:1', { locality: { region: 'eu' }, weight: 3_000_000_000 }),
    instanceAt('b:1', { locality: { region: 'us' }, weight: 1_000_000_000 }),
    instanceAt('c:1', { locality: { region: 'za' }, weight: 1 }),
  ]);
  expect(endpoints?.map(({ load_balancing_weight }) => load_balancing_weight?.value)).toEqual([
    2_147_483_647, 715_827_882, 1,
  ]);
});

test('an empty part of a locality is none: no locality stands there twice', () => {
  const localities = [{}, { region: '' }, { region: '', zone: '', sub_zone: '' }];
  const instances = localities.map((locality, index) => instanceAt(`a:${index + 1}`, { locality }));
  expect(loadAssignment('web', instances).endpoints).toHaveLength(1);
});

test('priorities are groups of their own, without a gap, as gRPC wants them', () => {
  const { endpoints } = decoded(
    instanceAt('a:1', { priority: 7 }),
    instanceAt('b:1', { priority: 2, locality: { region: 'eu' } }),
    instanceAt('c:1', { priority: 2 }),
    instanceAt('d:1', { priority: 7 }),
  );
  expect(endpoints?.map((group) => [group.priority, group.locality, group.lb_endpoints?.length])).toEqual([
    [undefined, {}, 1],
    [undefined, { region: 'eu' }, 1],
    [1, {}, 2],
  ]);
});

test('metadata by which subsets are told is for the load balancer, as texts; no other is published', () => {
  const metadata = { version: 'v1', canary: 'true', build: '17' };
  const { endpoints } = loadAssignment('web', [instanceAt('a:1', { metadata })], {
    metadataKeys: ['canary', 'version', 'zone'],
  });
  expect(endpoints?.[0]?.lb_endpoints?.[0]?.metadata).toEqual({
    filter_metadata: {
      'envoy.lb': { fields: { canary: { stringValue: 'true' }, version: { stringValue: 'v1' } } },
    },
  });
  const [before, after] = ['17', '18'].map((build) =>
    endpointsResource('web', [instanceAt('10.0.0.1:1', { metadata: { ...metadata, build } })], {
      metadataKeys: ['version'],
    }),
  );
  expect(after?.version).toBe(before?.version);
});

test('names that JavaScript knows otherwise do no harm', () => {
  const metadata = JSON.parse('{"__proto__":"p","constructor":"c","1":"one"}');
  const { endpoints } = loadAssignment('web', [instanceAt('a:1', { metadata })], {
    metadataKeys: ['__proto__', '1', 'constructor', 'toString'],
  });
  const fields = endpoints?.[0]?.lb_endpoints?.[0]?.metadata?.filter_metadata?.['envoy.lb']?.fields ?? {};
  expect(Object.keys(fields)).toEqual(expect.arrayContaining(['1', 'constructor']));
  expect(Object.keys(fields)).not.toContain('toString');
});

test('health is said where a registry says it, and who is not checked', () => {
  const { endpoints } = loadAssignment(
    'web',
    [
      instanceAt('a:1', { health: 'DEGRADED', policy: { healthCheckPath: '/health' } }),
      instanceAt('b:1', { policy: { healthCheckPath: '/other' } }),
      instanceAt('c:1'),
    ],
    { healthCheckPath: '/health' },
  );
  const said = endpoints?.[0]?.lb_endpoints?.map(({ health_status, endpoint }) => [
    health_status,
    endpoint?.health_check_config?.disable_active_health_check,
  ]);
  expect(said).toEqual([
    ['DEGRADED', undefined],
    [undefined, true],
    [undefined, true],
  ]);
});

test('a stopgap is behind the last healthy instance', () => {
  const instances = [instanceAt('a:1'), instanceAt('b:1'), instanceAt('c:1', { priority: 1 })];
  expect(loadAssignment('web', instances, { lastResort: true }).policy).toEqual({
    overprovisioning_factor: { value: 300 },
  });
  expect(loadAssignment('web', instances)).not.toHaveProperty('policy');
});

test('the same data in any order is the same bytes', () => {
  const source = new ScriptedSource('kv');
  const key = { service: 'web' };
  const instance = fc
    .record({
      port: fc.integer({ min: 1, max: 9 }),
      weight: fc.constantFrom(0.5, 1, 3),
      zone: fc.constantFrom('', 'a', 'b'),
      metadata: fc.dictionary(fc.constantFrom('x', 'y', '1', 'z'), fc.constantFrom('v', 'w')),
    })
    .map(({ port, weight, zone, metadata }) =>
      instanceAt(`10.0.0.1:${port}`, { weight, locality: { zone }, metadata }),
    );
  const built = (instances: readonly Instance[]) => {
    const view = mergeContributions('web', [{ source, key, state: { instances, filtered: [] } }]);
    return endpointsResource('web', view.instances);
  };
  fc.assert(
    fc.property(fc.uniqueArray(instance, { selector: ({ port }) => port }), (instances) => {
      const turned = [...instances].reverse().map((one) => ({
        ...one,
        metadata: Object.fromEntries(Object.entries(one.metadata).reverse()),
      }));
      expect(built(turned).any).toEqual(built(instances).any);
      expect(built(turned).version).toBe(built(instances).version);
    }),
  );
});
