import fc, { type Arbitrary } from 'fast-check';
import { readList, readNames, readNodes, readTroubles } from '../../src/discovery/consul/catalog-answer.js';
import { CatalogMapping } from '../../src/discovery/consul/catalog-mapping.js';
import { KeyReader } from '../../src/discovery/consul-kv/key.js';
import { readKvAnswer } from '../../src/discovery/consul-kv/kv-answer.js';
import { KvMapping } from '../../src/discovery/consul-kv/kv-mapping.js';
import { ServiceTable } from '../../src/discovery/etcd/service-table.js';
import { readEurekaAnswer } from '../../src/discovery/eureka/eureka-answer.js';
import { EurekaMapping } from '../../src/discovery/eureka/eureka-mapping.js';
import { readFileInstance } from '../../src/discovery/file/file-instance.js';
import { parseServiceFile } from '../../src/discovery/file/service-file.js';
import type { HttpAnswer } from '../../src/discovery/http/http-client.js';
import { HttpErrors } from '../../src/discovery/http/http-error.js';
import { apiV1 } from '../../src/discovery/nacos/api-v1.js';
import { apiV3 } from '../../src/discovery/nacos/api-v3.js';
import { readNacosInstance } from '../../src/discovery/nacos/nacos-instance.js';
import { decodeMessage, encodeMessage } from '../../src/discovery/nacos/payload.js';
import type { ServiceState } from '../../src/discovery/source.js';
import { readChild } from '../../src/discovery/zookeeper/instance-format.js';
import { readServicePayload } from '../../src/discovery/zookeeper/json-format.js';
import { SignalboxError } from '../../src/errors.js';
import type { Instance } from '../../src/model/instance.js';
import type { ReadInstance } from '../../src/model/read-instance.js';
import { type FuzzTarget, target } from './target.js';
import { anything, damaged, damagedBytes, jsonOf, list, roughly } from './values.js';

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
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== 'string') throw new Error(`metadata ${key} is ${typeof value}`);
}

function checkState(state: ServiceState | undefined): void {
  for (const instance of state?.instances ?? []) checkInstance(instance);
  for (const { address, detail } of state?.filtered ?? [])
    if (typeof address !== 'string' || typeof detail !== 'string')
      throw new Error('a reason that is no text');
}

function checkRead(read: ReadInstance | undefined): void {
  if (read?.instance !== undefined) checkInstance(read.instance);
}

/** Lets through what a source reports as a failed query. */
function reported(read: () => void): void {
  try {
    read();
  } catch (thrown) {
    if (!(thrown instanceof SignalboxError)) throw thrown;
  }
}

function answerOf(body: string, headers: HttpAnswer['headers'], status = 200): HttpAnswer {
  const errors = new HttpErrors('GET http://127.0.0.1/', []);
  const json = (): unknown => {
    try {
      return JSON.parse(body);
    } catch {
      throw errors.badAnswer('no JSON');
    }
  };
  return { status, headers, body, errors, json };
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

const pushed: Arbitrary<Uint8Array> = jsonOf(
  roughly({ serviceInfo: roughly({ name, hosts: list(nacosInstance) }), requestId: name }),
).map((body) => encodeMessage({ type: 'NotifySubscriberRequest', body: { body } }));

/** The pure part of each registry: from what it answers to what is served. */
export const REGISTRIES: readonly FuzzTarget[] = [
  target(
    'Consul KV answers',
    fc.tuple(kvEntries, index, fc.constantFrom(200, 404), kvEntries),
    ([first, at, status, second]) => {
      const mapping = new KvMapping(new KeyReader('upstreams', []), 1);
      for (const body of [first, second])
        reported(() => {
          const { entries } = readKvAnswer(answerOf(body, { 'x-consul-index': at }, status));
          for (const state of mapping.apply(entries).values()) checkState(state);
        });
    },
  ),
  target('Consul catalogue answers', fc.tuple(jsonOf(list(catalogueEntry)), name), ([body, service]) => {
    const answer = answerOf(body, { 'x-consul-index': '1' });
    const rules = { weight: 1, use_weights: true, tags: [], metadata: {} };
    const mapping = new CatalogMapping(rules);
    reported(() => mapping.take(service, readList(answer), checkState));
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
      for (const [, state] of table.takeTouched()) checkState(state);
    },
  ),
  target('Eureka answers', fc.tuple(eurekaBody, eurekaBody), ([full, delta]) => {
    const mapping = new EurekaMapping(100);
    reported(() => mapping.replace(readEurekaAnswer(answerOf(full, {})).applications));
    for (const state of mapping.takeChanges().values()) checkState(state);
    reported(() => mapping.apply(readEurekaAnswer(answerOf(delta, {})).applications));
    for (const state of mapping.takeChanges().values()) checkState(state);
    if (typeof mapping.hash !== 'string') throw new Error('no hash');
  }),
  target('Nacos answers', nacosBody, (body) => {
    const answer = answerOf(body, {});
    for (const api of [apiV1, apiV3]) {
      reported(() => {
        for (const entry of api.readInstances(answer)) checkRead(readNacosInstance(entry, 100));
      });
      reported(() => void api.readServices(answer, nacosScope));
    }
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
    ),
    (text) => {
      const { services, error } = parseServiceFile(text);
      if ((services === undefined) === (error === undefined))
        throw new Error('neither services nor an error');
      for (const { items } of services?.values() ?? [])
        for (const item of items) checkRead(readFileInstance(item, 1));
    },
  ),
];
