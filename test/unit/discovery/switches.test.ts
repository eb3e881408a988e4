import { describe, expect, test } from 'vitest';
import { readKvInstance } from '../../../src/discovery/consul-kv/kv-instance.js';
import { readEntry } from '../../../src/discovery/etcd/service-entry.js';
import { readNacosInstance } from '../../../src/discovery/nacos/nacos-instance.js';
import { readChild } from '../../../src/discovery/zookeeper/instance-format.js';
import { readServicePayload } from '../../../src/discovery/zookeeper/json-format.js';
import type { ReadInstance } from '../../../src/model/read-entry.js';

type Switches = Readonly<Record<string, unknown>>;

const HOST = '10.0.0.1';
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

/** Each place where switches stand beside the weight of an instance. */
const PLACES: Readonly<Record<string, (switches: Switches) => ReadInstance | undefined>> = {
  consul_kv: (switches) => readKvInstance(`${HOST}:80`, base64({ weight: 1, ...switches }), 1),
  etcd: (switches) => readEntry(`${HOST}:80`, JSON.stringify({ weight: 1, ...switches }), 1),
  nacos: (switches) => readNacosInstance({ ip: HOST, port: 80, weight: 1, ...switches }, 1),
  'zookeeper json': (switches) =>
    readServicePayload(JSON.stringify([{ host: HOST, port: 80, ...switches }]), 1).reads?.[0],
  'zookeeper json, a znode each': (switches) => readChild('json', `${HOST}:80`, JSON.stringify(switches), 1),
  'zookeeper curator': (switches) =>
    readChild('auto', 'c4d1', JSON.stringify({ id: 'c4d1', address: HOST, port: 80, ...switches }), 1),
};

describe.each(Object.entries(PLACES))('switches in %s', (_, read) => {
  test.each<[Switches]>([
    [{ enabled: false }],
    [{ enabled: 'false' }],
    [{ enabled: 'FALSE' }],
    [{ disabled: true }],
    [{ disabled: 'true' }],
    [{ enabled: true, disabled: true }],
  ])('%j takes the instance out', (switches) => {
    expect(read(switches)?.filtered?.reason).toBe('disabled');
  });

  test.each<[Switches]>([
    [{}],
    [{ enabled: true }],
    [{ enabled: 'true' }],
    [{ enabled: '' }],
    [{ enabled: null }],
    [{ disabled: false }],
    [{ disabled: 'false' }],
    [{ disabled: '' }],
    [{ disabled: null }],
    [{ disabled: 0 }],
  ])('%j does not', (switches) => {
    expect(read(switches)?.instance).toMatchObject({ host: HOST, weight: 1 });
    expect(read(switches)?.instance).not.toHaveProperty('remarks');
  });
});

test('metadata are no switches', () => {
  const value = JSON.stringify({ metadata: { enabled: 'false', disabled: 'true' } });
  expect(readEntry(`${HOST}:80`, value, 1).instance).toBeDefined();
});
