import { expect, test } from 'vitest';
import type { Instance } from '../../../src/model/instance.js';
import { decode } from '../../../src/protobuf/messages.js';
import { clusterResource, needsDns } from '../../../src/resources/cluster.js';
import { loadAssignment } from '../../../src/resources/endpoints.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { instanceAt } from '../../support/instances.js';

const policy = { connectTimeout: 1_500, lbPolicy: 'LEAST_REQUEST' } as const;
const build = (...instances: readonly Instance[]) => clusterResource('web', instances, policy);
const decoded = (...instances: readonly Instance[]) =>
  decode('envoy.config.cluster.v3.Cluster', build(...instances).body);

test('addresses come by EDS, over the stream that is there', () => {
  expect(decoded(instanceAt('10.0.0.1:80'), instanceAt('[::1]:80'))).toEqual({
    name: 'web',
    type: 'EDS',
    connect_timeout: { seconds: '1', nanos: 500_000_000 },
    lb_policy: 'LEAST_REQUEST',
    eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } },
  });
  expect(build()).toMatchObject({ typeUrl: TYPE_URL.cluster, name: 'web', references: ['web'] });
});

test('a cluster by EDS does not change with its endpoints', () => {
  expect(build(instanceAt('10.0.0.1:80')).version).toBe(build().version);
});

test('a host name among the addresses makes Envoy resolve them, with the endpoints inline', () => {
  const instances = [instanceAt('10.0.0.1:80'), instanceAt('web.example:80', { weight: 3 })];
  const cluster = decoded(...instances);
  expect(cluster).toMatchObject({ type: 'STRICT_DNS', dns_lookup_family: 'V4_PREFERRED' });
  expect(cluster).not.toHaveProperty('eds_cluster_config');
  expect(cluster.load_assignment).toEqual(loadAssignment('web', instances));
  expect(build(...instances).references).toEqual([]);
});

test('a cluster by DNS changes with its endpoints', () => {
  const [one, other] = ['a.example:80', 'a.example:81'].map((address) => build(instanceAt(address)));
  expect(one?.version).not.toBe(other?.version);
});

test('one host name is enough, none needs no DNS', () => {
  expect(needsDns([])).toBe(false);
  expect(needsDns([instanceAt('[::1]:80'), instanceAt('1.2.3.4:80')])).toBe(false);
  expect(needsDns([instanceAt('[::1]:80'), instanceAt('localhost:80')])).toBe(true);
});
