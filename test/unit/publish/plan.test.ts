import { describe, expect, test } from 'vitest';
import type { ServiceView } from '../../../src/catalogue/service-view.js';
import { servicePolicy } from '../../../src/config/service-policy.js';
import { addressOf } from '../../../src/model/instance.js';
import { toJson } from '../../../src/protobuf/json.js';
import { decode } from '../../../src/protobuf/messages.js';
import { Plan } from '../../../src/publish/plan.js';
import { RouteConfigurations } from '../../../src/resources/route/configuration.js';
import type { Resource } from '../../../src/snapshot/resource.js';
import { referredNames } from '../../../src/snapshot/resource.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { configOf } from '../../support/configuration.js';
import { instanceAt } from '../../support/instances.js';

const view = (registries: readonly string[], ...addresses: readonly string[]): ServiceView => ({
  name: 'web',
  registries,
  instances: addresses.map((address) => ({ ...instanceAt(address), registry: 'r', server: 's' })),
  filtered: [],
});
const plan = (options: object) => new Plan(configOf(options));
const clusterOf = (resource: Resource) => decode('envoy.config.cluster.v3.Cluster', resource.body);
const registry = (port?: number) => ({
  type: 'file',
  path: 'services.yaml',
  ...(port !== undefined && { default_service: { host: 'LOCALHOST', port } }),
});

describe('what a service is served from', () => {
  const top = { host: '127.0.0.1', port: 9 };
  const served = (options: object, of: ServiceView | undefined) => plan(options).served(of).map(addressOf);

  test('its own instances where there are any', () => {
    const options = { default_service: top, discovery: { kv: registry(1) } };
    expect(served(options, view(['kv'], 'a:1', 'b:1'))).toEqual(['a:1', 'b:1']);
  });

  test('its own instances with the default behind them where its mode is failover', () => {
    const failover = { ...top, mode: 'failover' };
    expect(
      plan({ default_service: failover })
        .served(view(['kv'], 'a:1', 'b:1'))
        .map((one) => [addressOf(one), one.priority]),
    ).toEqual([
      ['a:1', undefined],
      ['b:1', undefined],
      ['127.0.0.1:9', 1],
    ]);
    expect(served({ default_service: failover }, view(['kv']))).toEqual(['127.0.0.1:9']);
    expect(served({ default_service: { ...top, mode: 'empty' } }, view(['kv'], 'a:1'))).toEqual(['a:1']);
  });

  test('with none, the default of the first registry that knows it and has one, then that for all', () => {
    const discovery = { one: registry(), two: registry(2), three: registry(3) };
    expect(served({ default_service: top, discovery }, view(['one', 'three']))).toEqual(['localhost:3']);
    expect(served({ default_service: top, discovery }, view(['one']))).toEqual(['127.0.0.1:9']);
    expect(served({ discovery }, view(['one']))).toEqual([]);
  });

  test('unknown to all registries, the default for all, then the first one that a registry has', () => {
    const discovery = { one: registry(), two: registry(2), three: registry(3) };
    expect(served({ default_service: top, discovery }, undefined)).toEqual(['127.0.0.1:9']);
    expect(served({ discovery }, undefined)).toEqual(['localhost:2']);
    expect(served({}, undefined)).toEqual([]);
  });

  test.each([
    [{}, 1],
    [{ weight: 3 }, 3],
    [{ metadata: { weight: 4 } }, 4],
    [{ weight: 3, metadata: { weight: 4 } }, 3],
    [{ metadata: { weight: 0 } }, 1],
  ])('a default with %j has the weight %d', (more, weight) => {
    const [instance] = plan({ default_service: { ...top, ...more } }).served(undefined);
    expect(instance?.weight).toBe(weight);
  });
});

describe('a service', () => {
  test('without endpoints has its cluster and an empty load assignment', () => {
    const { cluster, endpoints } = plan({}).service('web', undefined);
    expect(clusterOf(cluster)).toMatchObject({ name: 'web', type: 'EDS' });
    expect(endpoints?.name).toBe('web');
  });

  test('with a host name, be it that of the default, has no load assignment of its own', () => {
    const { cluster, endpoints } = plan({ default_service: { host: 'fallback', port: 1 } }).service(
      'web',
      undefined,
    );
    expect(clusterOf(cluster)).toMatchObject({
      type: 'STRICT_DNS',
      load_assignment: { cluster_name: 'web' },
    });
    expect(endpoints).toBeUndefined();
  });

  test('takes its own policy before that of all before the default', () => {
    const services = {
      '*': { connect_timeout: '2s', lb_policy: 'RANDOM' },
      web: { lb_policy: 'MAGLEV' },
    };
    const policy = (options: object, name: string) => {
      const { connect_timeout, lb_policy } = clusterOf(plan(options).service(name, undefined).cluster);
      return [connect_timeout?.seconds, lb_policy];
    };
    expect(policy({ services }, 'web')).toEqual(['2', 'MAGLEV']);
    expect(policy({ services }, 'api')).toEqual(['2', 'RANDOM']);
    expect(policy({}, 'web')).toEqual(['5', 'ROUND_ROBIN']);
    expect(policy({}, 'constructor')).toEqual(['5', 'ROUND_ROBIN']);
    expect(policy({}, '__proto__')).toEqual(['5', 'ROUND_ROBIN']);
  });
});

describe('routes', () => {
  const listeners = [
    { name: 'one', address: '0.0.0.0:1000' },
    { name: 'two', address: '0.0.0.0:1001' },
  ];
  const routesOf = (options: object, services: readonly string[]) => {
    const made = plan({ listeners, ...options });
    return new RouteConfigurations()
      .build(made.listenerNames(), made.routes(services))
      .map(({ body }) => decode('envoy.config.route.v3.RouteConfiguration', body));
  };

  test('one configuration for each listener, under its name, empty without routes', () => {
    expect(
      plan({ listeners })
        .listeners()
        .map((resource) => [resource.name, referredNames(resource, TYPE_URL.route)]),
    ).toEqual([
      ['one', ['one']],
      ['two', ['two']],
    ]);
    expect(routesOf({}, ['web'])).toMatchObject([{ name: 'one' }, { name: 'two' }]);
    expect(routesOf({}, ['web'])[0]).not.toHaveProperty('virtual_hosts');
    expect(routesOf({ listeners: [] }, ['web'])).toEqual([]);
  });

  test('filters of routes stand in the listeners whose routes need them, and in all where documents may', () => {
    const filters = (options: object) =>
      plan({ listeners, ...options })
        .listeners()
        .map(({ body }) => JSON.stringify(toJson('envoy.config.listener.v3.Listener', body)))
        .map((text) =>
          ['cors', 'local_ratelimit'].filter((name) => text.includes(`envoy.filters.http.${name}`)),
        );
    const to = { match: { prefix: '/' }, service_name: 'a' };
    const cors = { ...to, cors: { allow_origins: ['*'] } };
    const limited = { ...to, rate_limit: { requests: 1 }, listeners: ['two'] };
    expect(filters({ routes: [to] })).toEqual([[], []]);
    expect(filters({ routes: [cors, limited] })).toEqual([['cors'], ['cors', 'local_ratelimit']]);
    const all = ['cors', 'local_ratelimit'];
    expect(filters({ routes: [to], routes_from: { etcd: { endpoints: ['http://127.0.0.1:1'] } } })).toEqual([
      all,
      all,
    ]);
    expect(filters({ routes_from: { apisix: { endpoints: ['http://127.0.0.1:1'] } } })).toEqual([all, all]);
  });

  test('auto_routes go to each service with its prefix taken off, in the same order whatever that of the services', () => {
    const [one] = routesOf({ auto_routes: true }, ['web', 'east/web', 'a']);
    expect(one?.virtual_hosts?.[0]?.routes).toMatchObject([
      { match: { prefix: '/east/web/' }, route: { cluster: 'east/web', prefix_rewrite: '/' } },
      { match: { prefix: '/web/' }, route: { cluster: 'web', prefix_rewrite: '/' } },
      { match: { prefix: '/a/' }, route: { cluster: 'a', prefix_rewrite: '/' } },
    ]);
    expect(routesOf({ auto_routes: true }, ['a', 'east/web', 'web'])[0]).toEqual(one);
  });

  describe('a route that was written', () => {
    const targets = (route: object) =>
      routesOf({ auto_routes: true, routes: [{ service_name: 'zzz', ...route }] }, ['web']).map(
        ({ virtual_hosts }) => virtual_hosts?.map(({ routes }) => routes?.map((one) => one.route?.cluster)),
      )[0];

    test('takes the place of the automatic one of the same prefix', () => {
      expect(targets({ match: { prefix: '/web/' } })).toEqual([['zzz']]);
    });

    test('stands before it where it takes only some of its requests', () => {
      expect(targets({ match: { prefix: '/web/', methods: ['GET'] } })).toEqual([['zzz', 'web']]);
      expect(targets({ match: { prefix: '/web/' }, hosts: ['a.org'] })).toEqual([['web'], ['zzz', 'web']]);
      expect(targets({ match: { prefix: '/web/' }, priority: 1 })).toEqual([['zzz']]);
    });
  });

  test('wanted are all the services that a route names', () => {
    const routes = [
      { match: { prefix: '/' }, service_name: 'a', mirror: { service_name: 'm' } },
      { match: { prefix: '/' }, weighted: [{ service_name: 'b', weight: 1 }] },
      { match: { prefix: '/' }, direct_response: { status: 404 } },
    ];
    expect([...plan({ routes }).wanted].sort()).toEqual(['a', 'b', 'm']);
    expect(plan({ auto_routes: true }).routesFollowServices).toBe(true);
  });

  test('named are those, the services with policies, and what derived ones are made of', () => {
    const policies = new Map([['d', servicePolicy.parse({ sources: [{ service: 'e' }] })]]);
    const config = configOf({
      routes: [{ match: { prefix: '/' }, service_name: 'a' }],
      services: { '*': {}, b: { sources: [{ service: 'c' }] } },
    });
    const { named } = new Plan(config, { routes: new Map(), policies, consumers: [], certificates: [] });
    expect([...named].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});
