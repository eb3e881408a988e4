import fc, { type Arbitrary } from 'fast-check';
import { readList, readNames, readNodes, readTroubles } from '../../src/discovery/consul/catalog-answer.js';
import { CatalogMapping } from '../../src/discovery/consul/catalog-mapping.js';
import { KeyReader } from '../../src/discovery/consul-kv/key.js';
import { readKvAnswer } from '../../src/discovery/consul-kv/kv-answer.js';
import { KvMapping } from '../../src/discovery/consul-kv/kv-mapping.js';
import { ServiceTable } from '../../src/discovery/etcd/service-table.js';
import { readEurekaAnswer } from '../../src/discovery/eureka/eureka-answer.js';
import { EurekaMapping } from '../../src/discovery/eureka/eureka-mapping.js';
import { readFileService } from '../../src/discovery/file/file-instance.js';
import { parseServiceFile } from '../../src/discovery/file/service-file.js';
import { apiV1 } from '../../src/discovery/nacos/api-v1.js';
import { apiV3 } from '../../src/discovery/nacos/api-v3.js';
import { decodeMessage, encodeMessage } from '../../src/discovery/nacos/payload.js';
import { ServiceTable as NacosTable } from '../../src/discovery/nacos/service-table.js';
import type { ServiceState } from '../../src/discovery/source.js';
import { readChild } from '../../src/discovery/zookeeper/instance-format.js';
import { readServicePayload } from '../../src/discovery/zookeeper/json-format.js';
import { SignalboxError } from '../../src/errors.js';
import type { FilteredInstance, Instance } from '../../src/model/instance.js';
import type { ReadInstance } from '../../src/model/read-instance.js';
import { lengthDelimited, text as textField } from '../../src/protobuf/wire.js';
import { httpAnswer } from '../support/http-answer.js';
import { type FuzzTarget, target } from './target.js';
import { anything, damaged, damagedBytes, deepened, jsonOf, list, roughly } from './values.js';

const host = fc.constantFrom('10.0.0.1', '::1', 'host.example', '10.0.0.2');
const port = fc.constantFrom<unknown>(80, 8_080, '443');
const weight = fc.constantFrom<unknown>(1, 0, 0.5, 100, '10');
const name = fc.constantFrom('one', 'two', 'a/b', '__proto__', 'é');
const metadata = roughly({
  weight,
  version: fc.constant('v1'),
  zone: fc.constant('z'),
  protocol: fc.constant('h2'),
});

/** What is served must be fit to be: the rest of Signalbox goes by it. */
function checkInstance({ host, port, weight, metadata }: Instance): void {
  if (typeof host !== 'string' || host === '') throw new Error(`host ${JSON.stringify(host)}`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`port ${port}`);
  if (!(weight > 0) || !Number.isFinite(weight)) throw new Error(`weight ${weight}`);
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') throw new Error(`metadata ${key} is ${typeof value}`);
    // Envoy would refuse the whole service for it.
    if (/\p{Cs}/u.test(key + value)) throw new Error(`metadata ${JSON.stringify(key)} is no Unicode`);
  }
}

function checkFiltered({ address, detail }: FilteredInstance): void {
  if (typeof address !== 'string' || typeof detail !== 'string') throw new Error('a reason that is no text');
  if (address.length > 300 || detail.length > 500) throw new Error('a reason without end');
  if (/[\p{Cc}\p{Cs}]/u.test(address + detail)) throw new Error('a reason that steers a terminal');
}

function checkState(state: ServiceState | undefined): void {
  for (const instance of state?.instances ?? []) checkInstance(instance);
  for (const filtered of state?.filtered ?? []) checkFiltered(filtered);
}

function checkRead(read: ReadInstance | undefined): void {
  if (read?.instance !== undefined) checkInstance(read.instance);
  if (read?.filtered !== undefined) checkFiltered(read.filtered);
}

/** Whatever came before, a good entry is served. */
function checkServed(state: ServiceState | undefined): void {
  checkState(state);
  if (!state?.instances.some((instance) => instance.host === GOOD_HOST))
    throw new Error('a good entry is lost');
}

const GOOD_HOST = '10.9.9.9';

/** Lets through what a source reports as a failed query. */
function reported(read: () => void): void {
  try {
    read();
  } catch (thrown) {
    if (!(thrown instanceof SignalboxError)) throw thrown;
  }
}

const index = fc.constantFrom('1', '0', '', '-1', 'x', '99999999999999999999');
const kvValue = jsonOf(
  roughly({ weight, max_fails: weight, fail_timeout: weight, metadata, status: anything }),
).map((text) => Buffer.from(text).toString('base64'));
const kvKey = fc.constantFrom(
  'upstreams/one/10.0.0.1:80',
  'upstreams/one/',
  'upstreams/a/b/[::1]:80',
  'x',
  '__proto__/a',
);
const kvEntries = jsonOf(list(roughly({ Key: kvKey, Value: kvValue })));

const catalogueEntry = roughly({
  Node: roughly({ Node: name, Address: host, Meta: metadata }),
  Service: roughly({
    ...{ ID: name, Service: name, Address: host, Port: port, Meta: metadata },
    ...{ Tags: list(name), Weights: roughly({ Passing: weight, Warning: weight }), ModifyIndex: weight },
  }),
  Checks: list(roughly({ Status: fc.constantFrom('passing', 'critical', 'warning'), CheckID: name })),
});

const eurekaInstance = roughly({
  ...{ instanceId: name, hostName: host, ipAddr: host, metadata, countryId: weight },
  status: fc.constantFrom('UP', 'DOWN', 'OUT_OF_SERVICE', 'STARTING'),
  overriddenStatus: fc.constantFrom('UNKNOWN', 'DOWN'),
  port: roughly({ $: port, '@enabled': fc.constantFrom('true', 'false', true) }),
  securePort: roughly({ $: port, '@enabled': fc.constantFrom('true', 'false', true) }),
  actionType: fc.constantFrom('ADDED', 'DELETED'),
});
const eurekaBody = jsonOf(
  roughly({
    applications: roughly({
      apps__hashcode: fc.constantFrom('UP_1_', ''),
      application: list(roughly({ name, instance: list(eurekaInstance) })),
    }),
  }),
);

const nacosInstance = roughly({
  ...{ ip: host, port, weight, metadata, clusterName: name, serviceName: name },
  ...{ healthy: fc.boolean(), enabled: fc.boolean(), ephemeral: fc.boolean() },
});
const nacosBody = jsonOf(
  fc.oneof(
    roughly({ hosts: list(nacosInstance), count: weight, doms: list(name) }),
    roughly({ code: fc.constant(0), data: list(nacosInstance) }),
    roughly({
      code: fc.constant(0),
      data: roughly({ totalCount: weight, pageItems: list(roughly({ name, groupName: name })) }),
    }),
  ),
);
const nacosScope = { namespace: 'public', group: 'DEFAULT_GROUP' };
const nacosKey = { ...nacosScope, service: 'web' };
const nacosGood = { ip: GOOD_HOST, port: 80 };

const fileItem = roughly({
  host,
  port,
  weight,
  metadata,
  status: anything,
  locality: anything,
  secure: fc.boolean(),
});
const yamlish = fc.constantFrom(
  'services:\n  one: [{host: 10.0.0.1, port: 80}]\n  two: &a [{host: h, port: 1}]\n  three: *a\n',
  'services: &s\n  one: *s\n',
  'services: {a: &x [*x]}',
  '%YAML 1.2\n---\nservices: !!set {a}\n',
  'services:\n  ? [1]\n  : []\n',
);

const curator = roughly({
  ...{ name, id: name, address: host, port, sslPort: port, payload: roughly({ metadata, id: name }) },
  ...{
    serviceType: fc.constantFrom('DYNAMIC', 'STATIC'),
    enabled: fc.boolean(),
    registrationTimeUTC: weight,
  },
});
const znode = jsonOf(
  fc.oneof(curator, roughly({ host, port, weight, metadata, status: anything }), list(fileItem)),
);
const child = fc.constantFrom(
  '10.0.0.1:80',
  'dubbo%3A%2F%2F10.0.0.1%3A20880%2Fcom.acme.Api%3Fweight%3D5%26side%3Dprovider',
  'tri%3A%2F%2F%5B%3A%3A1%5D%3A1%2F',
  'dubbo%3A%2F%2F',
  '%E0%A4%A',
  'x'.repeat(300),
);
const childName = damaged(child);
const formats = ['auto', 'json', 'curator', 'spring', 'dubbo'] as const;

const pushedBody = jsonOf(
  roughly({ serviceInfo: roughly({ name, hosts: list(nacosInstance) }), requestId: name }),
);
const pushed: Arbitrary<Uint8Array> = pushedBody.map((body) =>
  encodeMessage({ type: 'NotifySubscriberRequest', body: { body } }),
);

/** The pure part of each registry: from what it answers to what is served. */
export const REGISTRIES: readonly FuzzTarget[] = [
  target(
    'Consul KV answers',
    fc.tuple(kvEntries, index, fc.constantFrom(200, 404), kvEntries),
    ([first, at, status, second]) => {
      const mapping = new KvMapping(new KeyReader('upstreams', []), 1);
      for (const body of [first, second])
        reported(() => {
          const { entries } = readKvAnswer(httpAnswer(body, { 'x-consul-index': at }, status));
          for (const state of mapping.apply(entries).values()) checkState(state);
        });
    },
  ),
  target('Consul catalogue answers', fc.tuple(jsonOf(list(catalogueEntry)), name), ([body, service]) => {
    const answer = httpAnswer(body, { 'x-consul-index': '1' });
    const rules = { weight: 1, use_weights: true, tags: [], metadata: {} };
    const mapping = new CatalogMapping(rules);
    const good = { Node: { Node: 'n' }, Service: { ID: 'good', Address: GOOD_HOST, Port: 80 } };
    reported(() => mapping.take(service, [...readList(answer), good], checkServed));
    for (const read of [readNames, readNodes, readTroubles]) reported(() => void read(answer));
  }),
  target(
    'etcd entries',
    fc.tuple(
      fc.constantFrom('one/10.0.0.1:80', 'a/b/[::1]:80', '/', 'x', '__proto__/y'),
      jsonOf(
        roughly({
          Addr: host,
          Metadata: metadata,
          metadata,
          weight,
          status: anything,
          check_status: anything,
          slow_start: weight,
          checkurl: name,
          max_fails: weight,
        }),
      ),
    ),
    ([key, value]) => {
      const table = new ServiceTable(1);
      table.change(key, value);
      table.change(`good/${GOOD_HOST}:80`, '{}');
      const states = new Map(table.takeTouched());
      for (const state of states.values()) checkState(state);
      checkServed(states.get('good'));
    },
  ),
  target('Eureka answers', fc.tuple(eurekaBody, eurekaBody), ([full, delta]) => {
    const mapping = new EurekaMapping(100);
    reported(() => mapping.replace(readEurekaAnswer(httpAnswer(full, {})).applications));
    for (const state of mapping.takeChanges().values()) checkState(state);
    reported(() => mapping.apply(readEurekaAnswer(httpAnswer(delta, {})).applications));
    for (const state of mapping.takeChanges().values()) checkState(state);
    if (typeof mapping.hash !== 'string') throw new Error('no hash');
  }),
  target('Nacos answers', nacosBody, (body) => {
    const answer = httpAnswer(body, {});
    for (const api of [apiV1, apiV3]) {
      reported(() =>
        checkServed(new NacosTable(100).put(nacosKey, [...api.readInstances(answer), nacosGood])),
      );
      reported(() => void api.readServices(answer, nacosScope));
    }
  }),
  target('Nacos pushes', pushedBody, (json) => {
    const frame = Buffer.concat([
      lengthDelimited(2, textField(3, 'NotifySubscriberRequest')),
      lengthDelimited(3, textField(2, json)),
    ]);
    const { serviceInfo: info } = decodeMessage(frame).body;
    const hosts: unknown = Object(info).hosts;
    if (Array.isArray(hosts)) checkServed(new NacosTable(100).put(nacosKey, [...hosts, nacosGood]));
  }),
  target('Nacos pushes, by byte', damagedBytes(pushed), (bytes) => {
    const { type, body } = decodeMessage(Buffer.from(bytes));
    if (typeof type !== 'string' || typeof body !== 'object') throw new Error('no message');
  }),
  target(
    'ZooKeeper nodes',
    fc.tuple(fc.constantFrom(...formats), childName, znode),
    ([format, node, text]) => {
      checkRead(readChild(format, node, text, 100));
      for (const read of readServicePayload(text, 100).reads ?? []) checkRead(read);
    },
  ),
  target(
    'services files',
    fc.oneof(
      {
        weight: 4,
        arbitrary: jsonOf(roughly({ services: fc.dictionary(name, list(fileItem), { maxKeys: 3 }) })),
      },
      { weight: 1, arbitrary: damaged(yamlish) },
      { weight: 1, arbitrary: damaged(deepened(yamlish)) },
    ),
    (text) => {
      const { services, error } = parseServiceFile(text);
      if ((services === undefined) === (error === undefined))
        throw new Error('neither services nor an error');
      if (error?.includes('call stack')) throw new Error('it was too deep for its reader');
      for (const { items } of services?.values() ?? []) checkState(readFileService(items, 1));
    },
  ),
];
