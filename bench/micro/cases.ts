import { encode } from '../../src/protobuf/messages.js';
import { Plan } from '../../src/publish/plan.js';
import { endpointsResource, loadAssignment } from '../../src/resources/endpoints.js';
import { RouteConfigurations } from '../../src/resources/route/configuration.js';
import { digest } from '../../src/snapshot/content-hash.js';
import type { Resource } from '../../src/snapshot/resource.js';
import { Snapshot } from '../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { NameSet, NameTable } from '../../src/xds/name-set.js';
import { RequestReader } from '../../src/xds/request.js';
import { ResponseFactory, type Variant } from '../../src/xds/response.js';
import { Subscription } from '../../src/xds/subscription.js';
import { configOf, instancesOf, serviceName } from '../fixture.js';
import { BareProxy, BareServer, namesField, requestBytes } from './bare-proxy.js';
import type { Case } from './harness.js';

const SERVICES = 1_000;
const ENDPOINTS = 10;
const LOAD_ASSIGNMENT = 'envoy.config.endpoint.v3.ClusterLoadAssignment';
const { cluster, endpoints, listener, route } = TYPE_URL;

const ALL = namesField(allNames());
const NONE = namesField([]);

/** Named by the step; all with 1,000 services of 10 endpoints. */
export const CASES: readonly Case[] = [
  {
    name: 'build: a load assignment',
    prepare: () => {
      const instances = instancesOf(1, ENDPOINTS);
      return () => loadAssignment(serviceName(1), instances);
    },
  },
  {
    name: 'encode: a load assignment',
    prepare: () => {
      const message = loadAssignment(serviceName(1), instancesOf(1, ENDPOINTS));
      return () => encode(LOAD_ASSIGNMENT, message);
    },
  },
  {
    name: 'hash: a load assignment',
    prepare: () => {
      const { typeUrl, name, body } = assignment(1);
      return () => digest(typeUrl, name, body);
    },
  },
  {
    name: 'build, encode, hash: what a changed service publishes',
    prepare: () => {
      const plan = new Plan(configOf(1));
      const view = { name: serviceName(1), registries: ['bench'], filtered: [], instances: placed(1) };
      return () => plan.service(serviceName(1), view);
    },
  },
  {
    name: 'snapshot: one of 1,000 load assignments changes',
    prepare: () => {
      const base = fullSnapshot();
      const change = oneChange(2);
      return () => base.with(change);
    },
  },
  {
    name: 'snapshot: the same, and what differs',
    prepare: () => {
      const base = fullSnapshot();
      const change = oneChange(2);
      return () => base.with(change).set(endpoints).differencesFrom(base.set(endpoints));
    },
  },
  {
    name: 'snapshot: replaced by an equal one',
    prepare: () => {
      const base = fullSnapshot();
      const same = fullSnapshot();
      return () => base.replacedBy(same);
    },
  },
  ...(['delta', 'sotw'] as const).flatMap((variant) => [
    {
      name: `${variant}: a response with one load assignment`,
      prepare: () => {
        const request = responseRequest();
        return () => new ResponseFactory('micro').response(variant, request);
      },
    },
    {
      name: `${variant}: the same for the next proxy`,
      prepare: () => {
        const request = responseRequest();
        const factory = new ResponseFactory('micro');
        return () => factory.response(variant, request);
      },
    },
    {
      name: `${variant}: reading an ACK`,
      prepare: () => {
        const reader = new RequestReader(new NameTable());
        const ack = requestBytes(variant, endpoints, ALL, '17');
        return variant === 'delta' ? () => reader.delta(ack) : () => reader.sotw(ack);
      },
    },
    {
      name: `${variant}: a proxy follows one change and ACKs it`,
      prepare: () => {
        const base = fullSnapshot();
        const snapshots = [base.with(oneChange(2)), base.with(oneChange(3))] as const;
        const proxy = connected(variant, snapshots[0], new BareServer());
        let round = 0;
        return () => proxy.follow(snapshots[++round & 1 ? 1 : 0]);
      },
    },
    {
      name: `${variant}: the first proxy connects and gets everything`,
      prepare: () => {
        const snapshot = fullSnapshot();
        return () => connected(variant, snapshot, new BareServer());
      },
    },
    {
      name: `${variant}: the next proxy connects and gets everything`,
      prepare: () => {
        const snapshot = fullSnapshot();
        const server = new BareServer();
        return () => connected(variant, snapshot, server);
      },
    },
  ]),
];

function allNames(): readonly string[] {
  return Array.from({ length: SERVICES }, (_, service) => serviceName(service));
}

function placed(service: number) {
  return instancesOf(service, ENDPOINTS).map((instance) => ({
    ...instance,
    registry: 'bench',
    server: 'memory',
  }));
}

function assignment(service: number, weight?: number): Resource {
  return endpointsResource(serviceName(service), instancesOf(service, ENDPOINTS, weight));
}

function fullSnapshot(): Snapshot {
  const plan = new Plan(configOf(SERVICES));
  const services = allNames().flatMap((name, service) => [
    plan.service(name, undefined).cluster,
    assignment(service),
  ]);
  return Snapshot.of([
    ...services,
    ...plan.listeners(),
    ...new RouteConfigurations().build(plan.listenerNames(), plan.routes([])),
  ]);
}

/** The weight of service 1's first endpoint. */
function oneChange(weight: number): ReadonlyMap<string, ReadonlyMap<string, Resource>> {
  return new Map([[endpoints, new Map([[serviceName(1), assignment(1, weight)]])]]);
}

function responseRequest() {
  const held = fullSnapshot().set(endpoints);
  const target = fullSnapshot().with(oneChange(2)).set(endpoints);
  const subscription = Subscription.of(false, new NameTable().of(allNames()));
  return {
    typeUrl: endpoints,
    subscription,
    held: target.with(new Map([[serviceName(1), held.get(serviceName(1))]])),
    target,
    owed: NameSet.EMPTY,
    mustAnswer: false,
    mark: '',
  };
}

function connected(variant: Variant, snapshot: Snapshot, server: BareServer): BareProxy {
  const proxy = new BareProxy(variant, server);
  proxy.subscribe(cluster, NONE, snapshot);
  proxy.subscribe(endpoints, ALL, snapshot);
  proxy.subscribe(listener, NONE, snapshot);
  proxy.subscribe(route, namesField(['listener-0']), snapshot);
  return proxy;
}
