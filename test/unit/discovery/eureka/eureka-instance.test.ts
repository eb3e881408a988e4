import { expect, test } from 'vitest';
import { readEurekaInstance } from '../../../../src/discovery/eureka/eureka-instance.js';

const instance = {
  instanceId: 'a',
  ipAddr: '10.0.0.1',
  status: 'UP',
  overriddenStatus: 'UNKNOWN',
  port: { $: 8080, '@enabled': 'true' },
  securePort: { $: 443, '@enabled': 'false' },
  metadata: { '@class': 'java.util.Collections$EmptyMap' },
};
const read = (change: object) => readEurekaInstance({ ...instance, ...change }, 100);

test('the metadata of an instance without any is empty', () => {
  expect(read({}).instance).toEqual({ host: '10.0.0.1', port: 8080, weight: 100, metadata: {} });
});

test.each([
  [{ status: 'UP', overriddenStatus: 'UNKNOWN' }, true],
  [{ status: 'DOWN', overriddenStatus: 'UP' }, true],
  [{ status: 'UP', overriddenStatus: undefined }, true],
  [{ status: 'UP', overriddenStatus: undefined, overriddenstatus: 'UNKNOWN' }, true],
  [{ status: 'up', overriddenStatus: 'unknown' }, true],
  [{ status: 'UP', overriddenStatus: 'OUT_OF_SERVICE' }, false],
  [{ status: 'UP', overriddenStatus: undefined, overriddenstatus: 'OUT_OF_SERVICE' }, false],
  [{ status: 'UP', overriddenStatus: 'DOWN' }, false],
  [{ status: 'STARTING', overriddenStatus: 'UNKNOWN' }, false],
  [{ status: 'DOWN', overriddenStatus: 'UNKNOWN' }, false],
  [{ status: undefined, overriddenStatus: 'UNKNOWN' }, false],
])('%j: served %s', (change, served) => {
  const { instance: kept, filtered } = read(change);
  expect(kept !== undefined).toBe(served);
  expect(filtered?.reason).toBe(served ? undefined : 'status');
});

test.each<[object, object]>([
  [{ ipAddr: '2001:DB8:0::1' }, { host: '2001:db8::1' }],
  [{ port: { $: '8081', '@enabled': true } }, { port: 8081 }],
  [{ securePort: { $: 8443, '@enabled': true } }, { port: 8443, secure: true }],
  [{ metadata: { weight: '7.5' } }, { weight: 7.5 }],
  [{ metadata: { weight: 7 } }, { weight: 7 }],
  [{ metadata: { weight: 'heavy' } }, { weight: 100 }],
  [
    { metadata: { zone: 'z1', version: 'v1' } },
    { locality: { zone: 'z1' }, metadata: { zone: 'z1', version: 'v1' } },
  ],
  [
    { dataCenterInfo: { name: 'Amazon', metadata: { 'availability-zone': 'us-east-1c' } } },
    { locality: { zone: 'us-east-1c' } },
  ],
])('%j gives %j', (change, expected) => {
  expect(read(change).instance).toMatchObject(expected);
});

test.each([
  [{ ipAddr: 'not an address' }, 'bad_address'],
  [{ ipAddr: undefined }, 'bad_address'],
  [{ port: { $: 8080, '@enabled': 'false' } }, 'bad_port'],
  [{ port: undefined }, 'bad_port'],
  [{ port: { $: 70_000, '@enabled': 'true' } }, 'bad_port'],
  [{ metadata: { weight: '-1' } }, 'bad_weight'],
  [{ metadata: { weight: '0' } }, 'weight_zero'],
])('%j is filtered: %s', (change, reason) => {
  expect(read(change).filtered?.reason).toBe(reason);
});

test('what is no object is filtered', () => {
  expect(readEurekaInstance('x', 100).filtered?.reason).toBe('bad_value');
});
