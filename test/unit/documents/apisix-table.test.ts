import { describe, expect, test } from 'vitest';
import { ApisixTable } from '../../../src/documents/apisix/table.js';
import { addressOf } from '../../../src/model/instance.js';

class Store {
  readonly table = new ApisixTable('/apisix/');

  put(key: string, value: unknown) {
    this.table.change(key, typeof value === 'string' ? value : JSON.stringify(value));
  }

  /** What came of it, in short. */
  take() {
    const { routes, services, policies } = this.table.take();
    return {
      routes: Object.fromEntries(
        [...routes].map(([id, outcome]) => [
          id.replace('/apisix/routes/', ''),
          outcome?.rejected ?? outcome?.rules?.map(({ service_name }) => service_name),
        ]),
      ),
      services: Object.fromEntries(
        [...services].map(([name, state]) => [name, state?.instances.map(addressOf)]),
      ),
      policies: [...policies.values()].filter((policy) => policy !== undefined),
    };
  }
}

const nodes = (...addresses: readonly string[]) => ({
  type: 'roundrobin',
  nodes: Object.fromEntries(addresses.map((address) => [address, 1])),
});

test('whatever the order in which a route and what it refers to come', () => {
  const store = new Store();
  store.put('routes/', 'init_dir');
  store.put('routes/1', { uri: '/a', service_id: 's' });
  store.put('services/s', { upstream_id: 'u' });
  store.put('upstreams/u', nodes('10.0.0.1:80'));
  store.put('consumers/c', '{');
  expect(store.take()).toMatchObject({
    routes: { 1: ['apisix/upstream/u'] },
    services: { 'apisix/upstream/u': ['10.0.0.1:80'] },
  });
  expect(store.take()).toEqual({ routes: {}, services: {}, policies: [] });
});

test('nodes in either form; a bad one costs itself', () => {
  const store = new Store();
  const list = [
    { host: '10.0.0.1', port: 80, weight: 2 },
    { host: '10.0.0.2', port: 99_999, weight: 1 },
    { host: '10.0.0.3', port: 80, weight: 0 },
  ];
  store.put('routes/1', {
    uri: '/a',
    upstream: { type: 'least_conn', timeout: { connect: 2 }, nodes: list },
  });
  store.put('services/s', { upstream: nodes('[::1]:81', 'host.example', '10.0.0.9:x') });
  expect(store.take()).toEqual({
    routes: { 1: ['apisix/route/1'] },
    services: { 'apisix/route/1': ['10.0.0.1:80'], 'apisix/service/s': ['[::1]:81', 'host.example:80'] },
    policies: [{ service: 'apisix/route/1', policy: { connect_timeout: 2_000, lb_policy: 'LEAST_REQUEST' } }],
  });
});

describe('a changed upstream', () => {
  const store = () => {
    const made = new Store();
    made.put('upstreams/u', nodes('10.0.0.1:80'));
    made.put('upstreams/other', nodes('10.0.0.9:80'));
    made.put('routes/1', { uri: '/a', upstream_id: 'u' });
    made.put('routes/2', { uri: '/b', upstream_id: 'other' });
    made.take();
    return made;
  };

  test('touches the routes that refer to it', () => {
    const made = store();
    made.put('upstreams/u', nodes('10.0.0.1:80', '10.0.0.2:80'));
    expect(made.take()).toMatchObject({
      routes: { 1: ['apisix/upstream/u'] },
      services: { 'apisix/upstream/u': ['10.0.0.1:80', '10.0.0.2:80'] },
    });
  });

  test('broken: its routes are rejected, its last good nodes stay', () => {
    const made = store();
    made.put('upstreams/u', { ...nodes('10.0.0.3:80'), tls: { client_cert: 'x' } });
    expect(made.take()).toMatchObject({
      routes: { 1: 'upstream "u": upstream: "tls" is not carried over; it has no upstream' },
      services: { 'apisix/upstream/u': ['10.0.0.1:80'] },
    });
  });

  test('deleted while a route in force needs it: stays until that is no more', () => {
    const made = store();
    made.table.change('upstreams/u', undefined);
    const { routes, services } = made.take();
    expect(routes['1']).toContain('there is no such document');
    expect(services).toEqual({ 'apisix/upstream/u': ['10.0.0.1:80'] });
    made.put('routes/1', { uri: '/a', upstream_id: 'other' });
    expect(made.take().services).toEqual({ 'apisix/upstream/u': undefined });
  });
});

test('nodes within a route: the last good ones stay while it is broken, and go with it', () => {
  const store = new Store();
  store.put('routes/1', { uri: '/a', upstream: nodes('10.0.0.1:80') });
  store.take();
  store.put('routes/1', { uri: '/a', upstream: nodes('10.0.0.2:80'), script: 'x' });
  expect(store.take()).toMatchObject({ routes: { 1: '"script" is not carried over' }, services: {} });
  store.put('routes/1', '{');
  expect(store.take().services).toEqual({});
  store.table.change('routes/1', undefined);
  expect(store.take()).toMatchObject({ routes: { 1: undefined }, services: { 'apisix/route/1': undefined } });
});
