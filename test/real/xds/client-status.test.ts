import { type Client, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClientStatusRequest } from '../../../src/generated/types/envoy/service/status/v3/ClientStatusRequest.js';
import type { ClientStatusResponse } from '../../../src/generated/types/envoy/service/status/v3/ClientStatusResponse.js';
import { clusterResource } from '../../../src/resources/cluster.js';
import { endpointsResource } from '../../../src/resources/endpoints.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { eventually } from '../../peers/eventually.js';
import { AdsStream, connect, deserialize, serialize } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';

const SERVICE = '/envoy.service.status.v3.ClientStatusDiscoveryService';
const request = serialize('envoy.service.status.v3.ClientStatusRequest');
const response = deserialize('envoy.service.status.v3.ClientStatusResponse');
const { cluster, endpoints } = TYPE_URL;

const clients: Client[] = [];
let plane: ControlPlane;
beforeEach(async () => {
  plane = await ControlPlane.start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await plane.server.stop();
});

const newClient = () => {
  const client = connect(plane.address);
  clients.push(client);
  return client;
};

const instance = (port: number) => ({ host: '127.0.0.1', port, weight: 1, metadata: {} });
const service = (name: string, ...ports: readonly number[]) => [
  clusterResource(name, [], { connectTimeout: 1_000, lbPolicy: 'ROUND_ROBIN' }),
  endpointsResource(name, ports.map(instance)),
];

async function fetchStatus(question: ClientStatusRequest = {}): Promise<ClientStatusResponse> {
  const client = newClient();
  return await new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      `${SERVICE}/FetchClientStatus`,
      request,
      response,
      question,
      (error: ServiceError | null, answer?: ClientStatusResponse) => {
        if (error === null) resolve(answer ?? {});
        else reject(error);
      },
    );
  });
}

/** `node type name` → status. */
function statuses({ config = [] }: ClientStatusResponse): Record<string, string> {
  return Object.fromEntries(
    config.flatMap(({ node, generic_xds_configs = [] }) =>
      generic_xds_configs.map(({ type_url, name, config_status = 'UNKNOWN' }) => [
        `${node?.id} ${type_url?.split('.').at(-1)} ${name}`,
        String(config_status),
      ]),
    ),
  );
}

test('the state of each resource at each proxy', async () => {
  plane.publish(...service('users', 1), ...service('orders', 2));
  const good = new AdsStream(newClient(), 'good');
  const bad = new AdsStream(newClient(), 'bad');
  for (const proxy of [good, bad]) {
    proxy.ask(cluster);
    await eventually(() => expect(proxy.last(cluster)).toBeDefined());
  }
  good.answer(cluster, []);
  bad.answer(cluster, [], 'Error adding/updating cluster(s) users: no such thing');
  bad.ask(endpoints, 'users', 'none');
  await eventually(async () =>
    expect(statuses(await fetchStatus())).toEqual({
      'good Cluster users': 'SYNCED',
      'good Cluster orders': 'SYNCED',
      'bad Cluster users': 'ERROR',
      'bad Cluster orders': 'UNKNOWN',
      'bad ClusterLoadAssignment users': 'STALE',
      'bad ClusterLoadAssignment none': 'NOT_SENT',
    }),
  );

  const { config = [] } = await fetchStatus({ node_matchers: [{ node_id: { exact: 'bad' } }] });
  expect(config).toHaveLength(1);
  const users = config[0]?.generic_xds_configs?.find((entry) => entry.name === 'users');
  const version = plane.cache.getSnapshot('default')?.set(cluster).get('users')?.version;
  expect(users).toMatchObject({
    version_info: version,
    error_state: {
      details: 'Error adding/updating cluster(s) users: no such thing',
      version_info: version,
    },
    xds_config: { type_url: cluster },
  });
  const content = users?.xds_config && 'value' in users.xds_config ? users.xds_config.value : undefined;
  expect(deserialize('envoy.config.cluster.v3.Cluster')(Buffer.from(content as Uint8Array)).name).toBe(
    'users',
  );
});

test('a proxy that is gone is not told of', async () => {
  plane.publish(...service('users', 1));
  const proxy = new AdsStream(newClient(), 'short');
  proxy.ask(cluster);
  await eventually(async () => expect((await fetchStatus()).config).toHaveLength(1));
  proxy.cancel();
  await eventually(async () => expect((await fetchStatus()).config ?? []).toHaveLength(0));
});

test('the streams of one node over one connection are one client, those of two nodes are two', async () => {
  plane.publish(...service('users', 1));
  const client = newClient();
  const streams = ['one', 'one', 'two'].map((node) => new AdsStream(client, node));
  streams[0]?.ask(cluster);
  streams[1]?.ask(endpoints, 'users');
  streams[2]?.ask(cluster);
  await eventually(async () => {
    const { config = [] } = await fetchStatus({ exclude_resource_contents: true });
    expect(
      config.map(({ node, generic_xds_configs = [] }) => [node?.id, generic_xds_configs.length]),
    ).toEqual([
      ['one', 2],
      ['two', 1],
    ]);
    for (const entry of config.flatMap(({ generic_xds_configs = [] }) => generic_xds_configs))
      expect(entry.xds_config).toBeUndefined();
  });
});

test('a stream of requests is answered one by one', async () => {
  plane.publish(...service('users', 1));
  const proxy = new AdsStream(newClient(), 'n');
  proxy.ask(cluster);
  await eventually(() => expect(proxy.last(cluster)).toBeDefined());
  const call = newClient().makeBidiStreamRequest(`${SERVICE}/StreamClientStatus`, request, response);
  const answers: ClientStatusResponse[] = [];
  let ended: number | undefined;
  call.on('data', (answer) => answers.push(answer));
  call.on('status', ({ code }) => {
    ended = code;
  });
  call.write({});
  await eventually(() => expect(answers.map(statuses)).toEqual([{ 'n Cluster users': 'STALE' }]));
  proxy.answer(cluster, []);
  await eventually(() => {
    call.write({ node_matchers: [{ node_id: { prefix: 'n' } }] });
    expect(answers.map(statuses)).toContainEqual({ 'n Cluster users': 'SYNCED' });
  });
  call.end();
  await eventually(() => expect(ended).toBe(status.OK));
});

test('a matcher that is not supported is refused, not passed over', async () => {
  await expect(
    fetchStatus({ node_matchers: [{ node_id: { safe_regex: { regex: '.*' } } }] }),
  ).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining('node_matchers'),
  });
});
