import { describe, expect, test } from 'vitest';
import { type ExplainSubject, explain } from '../../../src/admin/explain.js';
import { proxyStatuses } from '../../../src/admin/proxy-statuses.js';
import type { ServiceView } from '../../../src/catalogue/service-view.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { StreamView } from '../../../src/xds/csds/client-status.js';
import { NameSet } from '../../../src/xds/name-set.js';
import { UNKNOWN_NODE } from '../../../src/xds/node.js';
import { NEW_STREAM } from '../../../src/xds/stream-state.js';
import { Subscription } from '../../../src/xds/subscription.js';
import { newTypeState, type TypeState } from '../../../src/xds/type-state.js';
import { TypeStates } from '../../../src/xds/type-states.js';
import { NOTHING_HELD } from '../../support/release-status.js';

const { cluster, endpoints, route } = TYPE_URL;
const place = { registry: 'consul', server: 'http://10.0.0.1:8500' };
const users: ServiceView = {
  name: 'users',
  registries: ['consul'],
  instances: [
    {
      host: '::1',
      port: 80,
      weight: 1,
      metadata: {},
      remarks: ['weight "x" is no number; 1 is used'],
      ...place,
    },
    { host: '10.0.0.2', port: 80, weight: 1, metadata: {}, ...place },
  ],
  filtered: [{ address: '10.0.0.3:80', reason: 'check_status', detail: 'check_status is false', ...place }],
};
const snapshot = Snapshot.of([
  makeResource(cluster, 'users', Buffer.from('c')),
  makeResource(endpoints, 'users', Buffer.from('e')),
  makeResource(route, 'http', Buffer.from('r'), ['users', 'ghost']),
]);
const clusters = snapshot.set(cluster);
const version = clusters.get('users')?.version ?? '';

function stream(id: string, change: Partial<TypeState>): StreamView {
  const subscription = Subscription.of(true, NameSet.EMPTY);
  const type = { ...newTypeState(cluster), subscription, held: clusters, version: 'v', ...change };
  const state = { ...NEW_STREAM, types: TypeStates.NONE.with(type) };
  return { node: { ...UNKNOWN_NODE, id }, group: 'default', peer: '10.0.0.9:1', state };
}

const streams = [
  stream('good', { acknowledged: clusters }),
  stream('bad', { rejected: new Map([['users', { version, message: 'users: no' }]]) }),
];

const subject: ExplainSubject = {
  serviceNames: () => ['users', 'ghost'],
  service: (name) => (name === 'users' ? users : undefined),
  served: (view) => view?.instances ?? [{ host: '10.0.0.8', port: 99, weight: 1, metadata: {} }],
  remarks: () => [],
  routed: (name) => name === 'ghost',
  skippedBy: (name) =>
    name === 'internal' ? [{ registry: 'consul', rule: 'skip_services "internal"' }] : [],
  failures: () => new Map(),
  heldOf: () => [],
  routes: () => [],
  history: () => [],
  releaseStatus: () => NOTHING_HELD,
  proxyStatuses: async (resources) =>
    resources.map((resource) => proxyStatuses(resource, streams, () => snapshot)),
  snapshot: () => snapshot,
};

describe('explain', () => {
  test('a service: where it came from, what is filtered, what carries it, who has it', async () => {
    const peer = '10.0.0.9:1';
    expect(await explain('users', subject)).toMatchObject({
      query: 'users',
      services: [
        {
          name: 'users',
          registries: ['consul'],
          routed: false,
          remarks: [],
          served_from: 'instances',
          instances: [
            { address: '[::1]:80', ...place, remarks: ['weight "x" is no number; 1 is used'] },
            { address: '10.0.0.2:80', ...place },
          ],
          filtered: [{ address: '10.0.0.3:80', reason: 'check_status', ...place }],
          resources: [
            {
              type: 'CDS',
              name: 'users',
              version,
              proxies: [
                { node: 'good', peer, status: 'SYNCED' },
                { node: 'bad', peer, status: 'ERROR', refused: { version, message: 'users: no' } },
              ],
            },
            { type: 'EDS', name: 'users', proxies: [] },
            { type: 'RDS', name: 'http', proxies: [] },
          ],
        },
      ],
    });
  });

  test('a service that only a route names', async () => {
    expect(await explain('ghost', subject)).toMatchObject({
      services: [
        {
          name: 'ghost',
          registries: [],
          routed: true,
          remarks: [],
          served_from: 'default_service',
          default_service: ['10.0.0.8:99'],
          resources: [{ type: 'RDS', name: 'http' }],
        },
      ],
    });
  });

  test.each([
    ['usrs', 'did the route mean "users"?'],
    ['internal', '"internal" is left out by skip_services "internal" of consul'],
  ])('%s, which a route names and no registry knows: what there may be instead', async (name, remark) => {
    const routed = { ...subject, serviceNames: () => ['users', name], routed: () => true };
    expect(await explain(name, routed)).toMatchObject({ services: [{ name, remarks: [remark] }] });
  });

  test.each([
    ['10.0.0.2:80', ['10.0.0.2:80'], []],
    ['[0:0::1]:80', ['[::1]:80'], []],
    ['10.0.0.3:80', [], ['10.0.0.3:80']],
  ])('the address %s: what is said of it alone', async (query, instances, filtered) => {
    const explained = await explain(query, subject);
    const [service, ...others] = 'services' in explained ? explained.services : [];
    expect(others).toEqual([]);
    expect(service?.name).toBe('users');
    expect(service?.instances.map(({ address }) => address)).toEqual(instances);
    expect(service?.filtered.map(({ address }) => address)).toEqual(filtered);
  });

  test('the address of a default service', async () => {
    expect(await explain('10.0.0.8:99', subject)).toMatchObject({
      services: [{ name: 'ghost', served_from: 'default_service' }],
    });
  });

  test.each([
    [
      'usres',
      'no registry and no route knows a service, an address or a route "usres", did you mean "users"?',
    ],
    ['10.9.9.9:1', 'no registry and no route knows a service, an address or a route "10.9.9.9:1"'],
    ['internal', '"internal" is left out by skip_services "internal" of consul'],
  ])('nothing is known of %s', async (query, error) => {
    expect(await explain(query, subject)).toEqual({ error });
  });
});
