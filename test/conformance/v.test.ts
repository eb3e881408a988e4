import { expect } from 'vitest';
import { decode } from '../../src/protobuf/messages.js';
import { addresses, weightsOf } from './envoy-checks.js';
import { plantRule } from './plant.js';
import { namesOf, resourceOf } from './resources.js';
import { CDS, EDS } from './scripted-proxy.js';
import type { Received } from './wire.js';

const A = { host: '10.0.0.1', port: 80 };
const B = { host: '10.0.0.2', port: 80 };

function assignmentOf(response: Received, name = 'web') {
  return decode('envoy.config.endpoint.v3.ClusterLoadAssignment', resourceOf(response, name).body);
}

function placesIn(response: Received): readonly string[] {
  return addresses(assignmentOf(response)).map(({ host, port }) => `${host} ${port}`);
}

function weightsIn(response: Received): readonly number[] {
  return (assignmentOf(response).endpoints ?? []).flatMap(weightsOf);
}

plantRule('V01', { web: [A, { ...B, weight: 3 }] }, async ({ proxy }) => {
  const [first = 0, second = 0] = weightsIn(await proxy.hold(EDS, 'web'));
  expect(second / first).toBe(3);
});

plantRule('V02', { web: [A, { ...B, weight: 0 }], none: [{ ...A, weight: 0 }] }, async ({ proxy }) => {
  const response = await proxy.hold(EDS, 'web', 'none');
  expect(placesIn(response)).toEqual(['10.0.0.1 80']);
  expect(weightsIn(response)).toEqual([1]);
  expect(addresses(assignmentOf(response, 'none'))).toEqual([]);
});

plantRule(
  'V03',
  {
    web: [
      { ...A, weight: 4_294_967_295 },
      { ...B, weight: 4_294_967_295 },
    ],
  },
  async ({ proxy }) => {
    const [first = 0, second = 0] = weightsIn(await proxy.hold(EDS, 'web'));
    expect(first).toBe(second);
    expect(first).toBeGreaterThan(0);
    expect(first + second).toBeLessThanOrEqual(4_294_967_295);
  },
);

plantRule('V04', { web: [{ host: '[2001:DB8:0::1]', port: 80 }] }, async ({ proxy }) => {
  expect(placesIn(await proxy.hold(EDS, 'web'))).toEqual(['2001:db8::1 80']);
});

plantRule('V05', { web: [A, { host: 'backend.example.com', port: 80 }] }, async ({ proxy }) => {
  const clusters = await proxy.hold(CDS, 'web');
  const { type, load_assignment } = decode(
    'envoy.config.cluster.v3.Cluster',
    resourceOf(clusters, 'web').body,
  );
  expect(type).toBe('STRICT_DNS');
  expect(addresses(load_assignment ?? {}).map(({ host }) => host)).toEqual([
    '10.0.0.1',
    'backend.example.com',
  ]);
  proxy.subscribe(EDS, 'web');
  await proxy.settled();
  const assignments = proxy.log.filter(({ typeUrl }) => typeUrl === EDS);
  expect(assignments.flatMap(namesOf)).toEqual([]);
});

plantRule('V06', { web: [A, { ...A, weight: 7 }, B] }, async ({ proxy }) => {
  expect(placesIn(await proxy.hold(EDS, 'web'))).toEqual(['10.0.0.1 80', '10.0.0.2 80']);
});

plantRule('V07', { web: [A, B], other: [A] }, async ({ proxy, plant }) => {
  await proxy.hold(CDS);
  await proxy.hold(EDS, 'web', 'other');
  // One service told in another order and with its defaults spelled out, beside a change to wait for.
  const same = [
    { ...B, weight: 1, metadata: {} },
    { ...A, status: 'up' },
  ];
  plant.write({ web: same, other: [B] });
  const response = await proxy.take(EDS);
  expect(namesOf(response)).toEqual(['other']);
  plant.write({ other: [B], web: [A, B] });
  plant.write({ other: [A], web: same });
  await proxy.until(EDS, (next) => {
    expect(namesOf(next)).toEqual(['other']);
    return addresses(assignmentOf(next, 'other'))[0]?.host === A.host;
  });
  await proxy.end();
});

plantRule('V08', { web: [A] }, async ({ proxy, plant }) => {
  await proxy.hold(CDS);
  await proxy.hold(EDS, 'web');
  let quickest = Number.POSITIVE_INFINITY;
  for (let change = 1; change <= 5; change += 1) {
    const began = performance.now();
    plant.write({ web: [{ ...A, port: 1_000 + change }] });
    expect(placesIn(await proxy.take(EDS))).toEqual([`10.0.0.1 ${1_000 + change}`]);
    quickest = Math.min(quickest, performance.now() - began);
  }
  // Of five: a machine that is busy with other things may hold up some.
  expect(quickest).toBeLessThan(500);
});

plantRule(
  'V09',
  {
    web: [
      { ...A, weight: 4_000_000_000 },
      { ...B, weight: 200_000_000 },
    ],
  },
  async ({ proxy }) => {
    const { endpoints = [] } = assignmentOf(await proxy.hold(EDS, 'web'));
    const localities = endpoints.map(({ load_balancing_weight }) => Number(load_balancing_weight?.value));
    expect(localities).toEqual([2_147_483_647]);
  },
);
