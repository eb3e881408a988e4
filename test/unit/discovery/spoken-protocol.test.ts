import { describe, expect, test } from 'vitest';
import { type InstanceRules, readCatalogInstance } from '../../../src/discovery/consul/catalog-instance.js';
import { readKvInstance } from '../../../src/discovery/consul-kv/kv-instance.js';
import { readEntry } from '../../../src/discovery/etcd/service-entry.js';
import { readEurekaInstance } from '../../../src/discovery/eureka/eureka-instance.js';
import { readFileInstance } from '../../../src/discovery/file/file-instance.js';
import { readNacosInstance } from '../../../src/discovery/nacos/nacos-instance.js';
import { readDubboUrl } from '../../../src/discovery/zookeeper/dubbo-format.js';
import { readChild } from '../../../src/discovery/zookeeper/instance-format.js';
import { readServicePayload } from '../../../src/discovery/zookeeper/json-format.js';
import type { ReadInstance } from '../../../src/model/read-entry.js';
import { textOf } from '../../../src/text-of.js';

type Words = Readonly<Record<string, unknown>>;

const HOST = '10.0.0.1';
const rules: InstanceRules = { weight: 1, use_weights: false, tags: [], metadata: {} };
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const consul = (service: object) =>
  readCatalogInstance({ Service: { Address: HOST, Port: 8080, ...service } }, rules);
const curator = (payload: unknown) =>
  readChild('auto', 'c4d1', JSON.stringify({ id: 'c4d1', address: HOST, port: 8080, payload }), 1);
const texts = (words: Words) =>
  Object.entries(words).map(([key, value]): [string, string] => [key, textOf(value ?? '')]);

/** Each place in a registry where words of an instance stand. */
const PLACES: Readonly<Record<string, (words: Words) => ReadInstance | undefined>> = {
  file: (metadata) => readFileInstance({ host: HOST, port: 8080, metadata }, 1),
  'consul Meta': (Meta) => consul({ Meta }),
  'consul tags': (words) => consul({ Tags: texts(words).map(([key, value]) => `${key}=${value}`) }),
  'consul_kv metadata': (metadata) => readKvInstance(`${HOST}:8080`, base64({ metadata }), 1),
  'consul_kv beside the weight': (words) => readKvInstance(`${HOST}:8080`, base64(words), 1),
  'etcd metadata': (metadata) => readEntry(`${HOST}:8080`, JSON.stringify({ metadata }), 1),
  'etcd beside the weight': (words) => readEntry(`${HOST}:8080`, JSON.stringify(words), 1),
  'etcd naming': (Metadata) => readEntry('a', JSON.stringify({ Addr: `${HOST}:8080`, Metadata }), 1),
  eureka: (metadata) =>
    readEurekaInstance({ ipAddr: HOST, status: 'UP', port: { $: 8080, '@enabled': 'true' }, metadata }, 1),
  nacos: (metadata) => readNacosInstance({ ip: HOST, port: 8080, weight: 1, metadata }, 1),
  'nacos, a provider of Dubbo': (metadata) =>
    readNacosInstance({ ip: HOST, port: 8080, weight: 1, metadata: { ...metadata, side: 'provider' } }, 1),
  'zookeeper json': (metadata) =>
    readServicePayload(JSON.stringify([{ host: HOST, port: 8080, metadata }]), 1).reads?.[0],
  'zookeeper json beside the weight': (words) => readChild('json', `${HOST}:8080`, JSON.stringify(words), 1),
  'zookeeper curator': curator,
  'zookeeper spring': (metadata) => curator({ id: 'x', name: 'x', metadata }),
  'zookeeper dubbo': (words) =>
    readDubboUrl(
      encodeURIComponent(`dubbo://${HOST}:8080/x?${new URLSearchParams(Object.fromEntries(texts(words)))}`),
      1,
    ),
};

/** A Dubbo URL has its protocol in front. */
const overUrl = (place: string, words: Words) => place === 'zookeeper dubbo' && 'protocol' in words;

describe.each(Object.entries(PLACES))('words of an instance in %s', (place, read) => {
  test.each<[Words, string]>([
    [{ secure: 'true' }, 'secure=true'],
    [{ secure: true }, 'secure=true'],
    [{ secure: 'TRUE' }, 'secure=true'],
    [{ 'ssl-enabled': 'true' }, 'ssl-enabled=true'],
    [{ scheme: 'https' }, 'scheme=https'],
    [{ scheme: 'grpcs' }, 'scheme=grpcs'],
    [{ protocol: 'https' }, 'protocol=https'],
    [{ protocol: 'HTTPS' }, 'protocol=HTTPS'],
    [{ secure: '', scheme: 'https' }, 'scheme=https'],
  ])('%j asks for TLS', (words, secureBy) => {
    if (overUrl(place, words)) return;
    expect(read(words)?.instance).toMatchObject({ host: HOST, port: 8080, secure: true, secureBy });
  });

  test.each<[Words]>([
    [{}],
    [{ secure: 'false' }],
    [{ secure: false }],
    [{ secure: '' }],
    [{ secure: null }],
    [{ secure: 0 }],
    [{ secure: '0' }],
    [{ 'ssl-enabled': 'false' }],
    [{ secure: 'false', scheme: 'https' }],
    [{ scheme: 'http' }],
    [{ scheme: '' }],
    [{ protocol: 'http' }],
    [{ protocol: 'h2c' }],
  ])('%j does not', (words) => {
    const instance = read(words)?.instance;
    expect(instance).toMatchObject({ host: HOST, port: 8080 });
    expect(instance).not.toHaveProperty('secure');
    expect(instance).not.toHaveProperty('secureBy');
    expect(instance).not.toHaveProperty('remarks');
  });

  test('a word that is neither yes nor no is remarked upon', () => {
    const instance = read({ secure: 'yes' })?.instance;
    expect(instance).not.toHaveProperty('secure');
    expect(instance?.remarks).toEqual(['secure "yes" is neither true nor false and is ignored']);
  });

  test.each(['tri', 'triple', 'grpc', 'gRPC', 'grpcs', 'h2', 'h2c', 'http2', 'HTTP/2', 'kubernetes.io/h2c'])(
    '%s is HTTP/2',
    (protocol) => {
      if (place !== 'zookeeper dubbo') expect(read({ protocol })?.instance?.policy).toEqual({ http2: true });
      expect(read({ scheme: protocol })?.instance?.policy).toEqual({ http2: true });
    },
  );

  test.each(['', 'http', 'http1', 'HTTP/1.1', 'https', 'tcp', 'dubbo', 'rest', null, 0, {}])(
    '%j is not',
    (scheme) => {
      expect(read({ scheme })?.instance).toMatchObject({ host: HOST });
      expect(read({ scheme })?.instance).not.toHaveProperty('policy');
    },
  );
});

test.each([
  ['https://10.0.0.1/x', { port: 443, secure: true, secureBy: 'protocol=https' }],
  ['tri://10.0.0.1:50051/x', { policy: { http2: true } }],
  ['grpc://10.0.0.1:9090/x', { policy: { http2: true } }],
  ['tri://10.0.0.1:50051/x?default.ssl-enabled=true', { secure: true, policy: { http2: true } }],
])('the scheme of a Dubbo URL is its protocol: %s', (url, instance) => {
  expect(readDubboUrl(encodeURIComponent(url), 1).instance).toMatchObject(instance);
});

describe("a registry's own word", () => {
  const eureka = (change: object) =>
    readEurekaInstance({ ipAddr: HOST, status: 'UP', port: { $: 8080, '@enabled': 'true' }, ...change }, 1)
      .instance;

  test("Eureka's secure port, where it is enabled and is one", () => {
    const secure = { port: 8443, secure: true, secureBy: 'securePort=8443' };
    expect(eureka({ securePort: { $: 8443, '@enabled': 'true' } })).toMatchObject(secure);
    const both = { securePort: { $: 8443, '@enabled': true }, metadata: { secure: 'false' } };
    expect(eureka(both)).toMatchObject(secure);
    for (const securePort of [
      { $: 8443, '@enabled': 'false' },
      { $: 0, '@enabled': 'true' },
      { $: -1, '@enabled': 'true' },
      { $: '', '@enabled': 'true' },
      { $: 8443 },
    ]) {
      expect(eureka({ securePort })).toMatchObject({ port: 8080 });
      expect(eureka({ securePort })).not.toHaveProperty('secure');
    }
  });

  test("a file's own `secure` before the metadata", () => {
    const file = (item: object) => readFileInstance({ host: HOST, port: 8080, ...item }, 1).instance;
    expect(file({ secure: true })).toMatchObject({ secure: true, secureBy: 'secure=true' });
    expect(file({ secure: 'true' })).toMatchObject({ secure: true });
    expect(file({ secure: false, metadata: { secure: 'true' } })).not.toHaveProperty('secure');
    for (const secure of [false, 'false', '', null, 0]) {
      expect(file({ secure })).toMatchObject({ port: 8080 });
      expect(file({ secure })).not.toHaveProperty('secure');
    }
  });

  test("Consul's Meta before its tags", () => {
    const Tags = ['secure=true', 'protocol=grpc'];
    expect(consul({ Tags })?.instance).toMatchObject({ secure: true, policy: { http2: true } });
    expect(consul({ Tags, Meta: { secure: 'false' } })?.instance).not.toHaveProperty('secure');
    expect(consul({ Tags: ['secure', 'not=secure=true'] })?.instance).not.toHaveProperty('secure');
  });

  test('a Consul service without a port is one of HTTP, or of HTTPS where it says so', () => {
    for (const Port of [undefined, null, 0, -1]) {
      expect(consul({ Port })?.instance).toMatchObject({ port: 80 });
      expect(consul({ Port, Meta: { secure: 'true' } })?.instance).toMatchObject({ port: 443 });
    }
  });
});

describe('a provider of Dubbo in Nacos', () => {
  const read = (metadata: Words, weight: unknown = 1) =>
    readNacosInstance({ ip: HOST, port: 20880, weight, metadata: { side: 'provider', ...metadata } }, 1);

  test.each<[Words, unknown, number]>([
    [{ weight: '200' }, 1, 200],
    [{ 'default.weight': '200' }, 1, 200],
    [{ weight: '', 'default.weight': '50' }, 1, 50],
    [{ weight: '200' }, 0.5, 0.5],
    [{}, 1, 1],
  ])('%j and the weight %j in Nacos give %d', (metadata, weight, expected) => {
    expect(read(metadata, weight).instance?.weight).toBe(expected);
  });

  test.each<[Words, string]>([
    [{ enabled: 'false' }, 'disabled'],
    [{ disabled: 'true' }, 'disabled'],
    [{ 'default.enabled': 'false' }, 'disabled'],
    [{ weight: '0' }, 'weight_zero'],
  ])('%j is filtered: %s', (metadata, reason) => {
    expect(read(metadata).filtered?.reason).toBe(reason);
  });

  test('a weight in the metadata of another instance is metadata', () => {
    const entry = { ip: HOST, port: 80, weight: 1, metadata: { weight: '7', enabled: 'false' } };
    expect(readNacosInstance(entry, 1).instance).toMatchObject({ weight: 1 });
  });
});

describe('the weights of Consul', () => {
  const weight = (use_weights: boolean | 'tags', service: object) =>
    readCatalogInstance({ Service: { Address: HOST, Port: 80, ...service } }, { ...rules, use_weights });

  test.each<[boolean | 'tags', object, number]>([
    ['tags', { Tags: ['weight=3'] }, 3],
    ['tags', { Tags: ['a', 'weight=0.5'], Weights: { Passing: 9 } }, 0.5],
    ['tags', { Tags: ['a'], Weights: { Passing: 9 } }, 1],
    ['tags', { Tags: null }, 1],
    ['tags', { Tags: ['weight=5', 'weight=4'] }, 4],
    [true, { Tags: ['weight=3'], Weights: { Passing: 9 } }, 9],
    [false, { Tags: ['weight=3'], Weights: { Passing: 9 } }, 1],
  ])('use_weights %j with %j: %d', (use, service, expected) => {
    expect(weight(use, service)?.instance?.weight).toBe(expected);
  });

  test('a tag that says no weight', () => {
    expect(weight('tags', { Tags: ['weight=0'] })?.filtered?.reason).toBe('weight_zero');
    expect(weight('tags', { Tags: ['weight=-1'] })?.filtered?.reason).toBe('bad_weight');
    const heavy = weight('tags', { Tags: ['weight=heavy'] })?.instance;
    expect(heavy).toMatchObject({ weight: 1, remarks: ['weight "heavy" is no number; 1 is used'] });
  });
});
