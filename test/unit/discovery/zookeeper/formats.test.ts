import { describe, expect, test } from 'vitest';
import { readDubboUrl } from '../../../../src/discovery/zookeeper/dubbo-format.js';
import { readChild } from '../../../../src/discovery/zookeeper/instance-format.js';
import { readServicePayload } from '../../../../src/discovery/zookeeper/json-format.js';

const curator = (more: object = {}) =>
  JSON.stringify({
    name: 'user',
    id: 'c4d1',
    address: '10.0.0.1',
    port: 8080,
    sslPort: null,
    payload: null,
    registrationTimeUTC: 1,
    serviceType: 'DYNAMIC',
    uriSpec: null,
    ...more,
  });
const spring = (metadata: object, more: object = {}) =>
  curator({
    payload: {
      '@class': 'org.springframework.cloud.zookeeper.discovery.ZookeeperInstance',
      id: 'user:8080',
      name: 'user',
      metadata,
    },
    ...more,
  });

describe('a payload of the service', () => {
  test('a list, whose bad members cost themselves alone', () => {
    const text = JSON.stringify([
      { host: '10.0.0.1', port: 80, weight: 3, metadata: { version: 'v1' } },
      { host: '10.0.0.2', port: 80, status: 'down' },
      { host: '10.0.0.3', port: 0 },
      'x',
      { host: '10.0.0.4', port: '81' },
    ]);
    const reads = readServicePayload(text, 100).reads ?? [];
    expect(reads.map(({ instance, filtered }) => instance ?? filtered?.reason)).toEqual([
      { host: '10.0.0.1', port: 80, weight: 3, metadata: { version: 'v1' } },
      'status',
      'bad_port',
      'bad_value',
      { host: '10.0.0.4', port: 81, weight: 100, metadata: {} },
    ]);
  });

  test('one instance alone', () => {
    expect(readServicePayload('{"host":"10.0.0.1","port":80}', 100).reads).toHaveLength(1);
  });

  test.each(['[{"host":', '{"port":80}', '17', '"text"'])('%s is no payload', (text) => {
    expect(readServicePayload(text, 100).problem).toBeTruthy();
  });
});

describe('one znode an instance', () => {
  const read = (name: string, text: string) => readChild('auto', name, text, 100);

  test.each([
    ['no data', '10.0.0.1:80', '', { host: '10.0.0.1', weight: 100 }],
    ['a weight', '10.0.0.1:80', '7', { weight: 7 }],
    [
      'an object',
      '10.0.0.1:80',
      '{"weight":"2.5","metadata":{"a":1}}',
      { weight: 2.5, metadata: { a: '1' } },
    ],
    ['IPv6', '[::1]:80', '', { host: '::1', port: 80 }],
    ['a host name', 'web-1.example.com:80', '', { host: 'web-1.example.com' }],
    [
      'the address in the data',
      'node-0000000001',
      '{"host":"10.0.0.9","port":81}',
      { host: '10.0.0.9', port: 81 },
    ],
  ])('%s', (_, name, text, instance) => {
    expect(read(name, text)?.instance).toMatchObject(instance);
  });

  test('a text that is no number counts as the default weight, with a remark', () => {
    expect(read('10.0.0.1:80', '192.168.0.5')?.instance).toMatchObject({
      weight: 100,
      remarks: ['weight "192.168.0.5" is no number; 100 is used'],
    });
  });

  test.each([
    ['broken JSON', '10.0.0.1:80', '{"weight":', 'bad_value'],
    ['a list', '10.0.0.1:80', '[]', 'bad_value'],
    ['weight 0', '10.0.0.1:80', '{"weight":0}', 'weight_zero'],
    ['a negative weight', '10.0.0.1:80', '-1', 'bad_weight'],
    ['disabled', '10.0.0.1:80', '{"enabled":false}', 'disabled'],
    ['down', '10.0.0.1:80', '{"status":"down"}', 'status'],
    ['a port that is none', 'web:http', '', 'bad_port'],
    ['an object of no known format', 'c4d1', '{"a":1}', 'bad_value'],
  ])('%s is filtered', (_, name, text, reason) => {
    expect(read(name, text)?.filtered?.reason).toBe(reason);
  });

  test.each([
    ['a folder', 'locks', ''],
    ['a note', 'README', 'see the wiki'],
  ])('%s is nothing at all', (_, name, text) => {
    expect(read(name, text)).toBeUndefined();
  });

  test('under `json`, everything below a service must be an instance', () => {
    expect(readChild('json', 'locks', '', 100)?.filtered?.reason).toBe('bad_address');
    expect(readChild('json', '10.0.0.1:80', curator(), 100)?.instance).toMatchObject({
      host: '10.0.0.1',
      port: 80,
    });
  });
});

describe.each(['auto', 'curator', 'spring', 'dubbo'] as const)(
  'an instance of Curator under %s',
  (format) => {
    const read = (text: string) => readChild(format, 'c4d1', text, 100);

    test.each([
      ['a missing `enabled`', curator(), { host: '10.0.0.1', port: 8080, weight: 100, metadata: {} }],
      ['enabled', curator({ enabled: true }), { port: 8080 }],
      [
        'a payload of its own',
        curator({ payload: { '@class': 'x.Y', zone: 'a' } }),
        { metadata: { zone: 'a' } },
      ],
      ['a payload that is a text', curator({ payload: 'v1' }), { metadata: { payload: 'v1' } }],
      [
        'Spring, status UP',
        spring({ instance_status: 'UP', version: 'v2' }),
        { metadata: { version: 'v2' } },
      ],
      ['Spring, status empty', spring({ instance_status: '' }), { port: 8080 }],
      ['Spring, no status', spring({}), { port: 8080 }],
      ['a weight in the metadata', spring({ weight: '20' }), { weight: 20 }],
      [
        'a secure port alone',
        curator({ port: null, sslPort: 8443 }),
        { port: 8443, secure: true, secureBy: 'sslPort=8443' },
      ],
      [
        'both ports: the secure one wins, as in Spring',
        curator({ sslPort: 8443 }),
        { port: 8443, secure: true },
      ],
      ['a secure port of text', curator({ sslPort: '8443' }), { port: 8443, secure: true }],
      ['a secure port of 0', curator({ sslPort: 0 }), { port: 8080 }],
      ['a secure port of -1', curator({ sslPort: -1 }), { port: 8080 }],
      ['a secure port of "-1"', curator({ sslPort: '-1' }), { port: 8080 }],
      ['an empty secure port', curator({ sslPort: '' }), { port: 8080 }],
    ])('%s', (_, text, instance) => {
      expect(read(text)?.instance).toMatchObject(instance);
      if (!('secure' in instance)) expect(read(text)?.instance?.secure).toBeUndefined();
    });

    test.each([
      ['disabled', curator({ enabled: false }), 'disabled'],
      ['Spring, out of service', spring({ instance_status: 'OUT_OF_SERVICE' }), 'status'],
      ['no port', curator({ port: null }), 'bad_port'],
      ['neither port', curator({ port: -1, sslPort: 0 }), 'bad_port'],
      ['no address', curator({ address: null }), 'bad_address'],
      ['broken JSON', '{"name":"user","id"', 'bad_value'],
    ])('%s is filtered', (_, text, reason) => {
      expect(read(text)?.filtered?.reason).toBe(reason);
    });
  },
);

test('Dubbo 3 registers applications as Curator does', () => {
  const text = curator({
    id: '10.0.0.1:20880',
    port: 20880,
    payload: {
      '@class': 'org.apache.dubbo.registry.zookeeper.ZookeeperInstance',
      id: '10.0.0.1:20880',
      name: 'user',
      metadata: { 'dubbo.endpoints': '[{"port":20880,"protocol":"dubbo"}]' },
    },
  });
  expect(readChild('dubbo', '10.0.0.1:20880', text, 100)?.instance).toMatchObject({
    port: 20880,
    metadata: { 'dubbo.endpoints': '[{"port":20880,"protocol":"dubbo"}]' },
  });
  const tri = text.replaceAll('dubbo\\"}', 'tri\\"}');
  expect(readChild('dubbo', '10.0.0.1:20880', text, 100)?.instance).not.toHaveProperty('policy');
  expect(readChild('dubbo', '10.0.0.1:20880', tri, 100)?.instance?.policy).toEqual({ http2: true });
});

describe('a provider of Dubbo 2', () => {
  const read = (url: string) => readDubboUrl(encodeURIComponent(url), 100);

  test('version, group and the rest are metadata', () => {
    const { instance } = read(
      'dubbo://10.0.0.1:20880/com.foo.Bar?version=1.0.0&group=g%201&weight=200&enabled=true',
    );
    expect(instance).toEqual({
      host: '10.0.0.1',
      port: 20880,
      weight: 200,
      metadata: { protocol: 'dubbo', version: '1.0.0', group: 'g 1', enabled: 'true' },
    });
  });

  test.each([
    ['tri://[2001:db8::1]:50051/com.foo.Bar', { host: '2001:db8::1', port: 50051, weight: 100 }],
    ['rest://provider-1:8080/com.foo.Bar?weight=', { host: 'provider-1', weight: 100 }],
  ])('%s', (url, instance) => {
    expect(read(url).instance).toMatchObject(instance);
  });

  test.each([
    ['dubbo://10.0.0.1:20880/com.foo.Bar?enabled=false', 'disabled'],
    ['dubbo://10.0.0.1:20880/com.foo.Bar?disabled=true', 'disabled'],
    ['dubbo://10.0.0.1:20880/com.foo.Bar?weight=0', 'weight_zero'],
    ['dubbo://10.0.0.1:20880/com.foo.Bar?weight=-5', 'bad_weight'],
    ['dubbo://10.0.0.1:20880/com.foo.Bar?enabled=no', 'disabled'],
    ['dubbo://10.0.0.1:20880/com.foo.Bar?default.enabled=false', 'disabled'],
    ['dubbo://10.0.0.1:20880/com.foo.Bar?default.disabled=true', 'disabled'],
    ['dubbo://10.0.0.1:20880/com.foo.Bar?enabled=true&disabled=true', 'disabled'],
    ['dubbo://10.0.0.1:20880/com.foo.Bar?default.weight=0', 'weight_zero'],
    ['injvm://10.0.0.1/com.foo.Bar', 'bad_port'],
    ['acme://10.0.0.1:-1/com.foo.Bar', 'bad_port'],
    ['dubbo://10.0.0.1:70000/com.foo.Bar', 'bad_port'],
    ['dubbo://10.0.0.1:http/com.foo.Bar', 'bad_port'],
    ['dubbo:///com.foo.Bar', 'bad_value'],
    ['no url', 'bad_value'],
  ])('%s is filtered', (url, reason) => {
    expect(read(url).filtered?.reason).toBe(reason);
  });

  test.each([
    ['http://10.0.0.1:80/x', 80],
    ['http://10.0.0.1/x', 80],
    ['http://10.0.0.1', 80],
    ['http://10.0.0.1:0/x', 80],
    ['http://10.0.0.1:-1/x', 80],
    ['http://10.0.0.1:8080/x', 8080],
    ['https://10.0.0.1:443/x', 443],
    ['https://10.0.0.1/x?a=b', 443],
    ['ws://10.0.0.1:80/x', 80],
    ['wss://10.0.0.1:443', 443],
    ['dubbo://10.0.0.1/x', 20880],
    ['DUBBO://10.0.0.1:0/x', 20880],
    ['dubbo://10.0.0.1:/x', 20880],
    ['dubbo://10.0.0.1?a=b:c', 20880],
    ['tri://10.0.0.1/x', 50051],
    ['grpc://10.0.0.1/x', 50051],
    ['rest://10.0.0.1/x', 80],
    ['rest://10.0.0.1:80/x', 80],
    ['hessian://10.0.0.1/x', 80],
    ['webservice://10.0.0.1/x', 80],
    ['xmlrpc://10.0.0.1/x', 80],
    ['rmi://10.0.0.1/x', 1099],
    ['thrift://10.0.0.1/x', 40880],
    ['redis://10.0.0.1/x', 6379],
    ['memcached://10.0.0.1/x', 11211],
    ['dubbo://admin:pa@10.0.0.1:20881/x', 20881],
  ])('%s listens on %d', (url, port) => {
    expect(read(url).instance).toMatchObject({ host: '10.0.0.1', port });
  });

  test('an IPv6 address, with brackets and as Dubbo writes it', () => {
    expect(read('dubbo://[2001:db8::1]/x').instance).toMatchObject({ host: '2001:db8::1', port: 20880 });
    expect(read('dubbo://2001:db8:0:0:0:0:0:1:20881/x').instance).toMatchObject({
      host: '2001:db8::1',
      port: 20881,
    });
  });

  const say = (query: string) => read(`dubbo://10.0.0.1:20880/x?${query}`).instance;

  test.each([
    ['default.weight=200', 200],
    ['weight=50&default.weight=200', 50],
    ['weight=&default.weight=200', 200],
    ['default.weight=200&weight=50', 50],
    ['.weight=30', 30],
    ['default.weight=', 100],
    ['', 100],
  ])('the weight of ?%s is %d', (query, weight) => {
    expect(say(query)?.weight).toBe(weight);
  });

  test('what a provider says for all of its services stands in the metadata of each', () => {
    expect(say('default.version=2.0&default.group=g&group=h&default.x=')?.metadata).toMatchObject({
      version: '2.0',
      group: 'h',
    });
  });

  test.each([
    ['warmup=60000', { slowStartSeconds: 60 }],
    ['default.warmup=500', { slowStartSeconds: 0.5 }],
    ['warmup=60000&slow_start=5', { slowStartSeconds: 5 }],
    ['warmup=0', undefined],
    ['warmup=-1', undefined],
    ['warmup=', undefined],
    ['warmup=soon', undefined],
  ])('the warm-up of ?%s', (query, policy) => {
    expect(say(query)?.policy).toEqual(policy);
    expect(say(query)?.remarks).toBeUndefined();
  });

  test.each([
    'enabled=true',
    'enabled=',
    'disabled=false',
    'disabled=',
    'dynamic=true',
    'default.disabled=false',
  ])('?%s is served', (query) => {
    expect(say(query)).toBeDefined();
    expect(say(query)?.remarks).toBeUndefined();
  });

  test('one that the registry keeps is served, as by Dubbo, with a remark', () => {
    expect(say('dynamic=false')?.remarks).toEqual([expect.stringMatching(/^dynamic is false: /)]);
    expect(say('default.dynamic=false')?.remarks).toHaveLength(1);
  });

  test('a name that is not encoded as it should be is filtered', () => {
    expect(readDubboUrl('dubbo%3A%2F%2F%E0%A4%A', 100).filtered?.reason).toBe('bad_value');
  });
});
