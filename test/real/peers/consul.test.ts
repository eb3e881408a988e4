import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { Consul } from '../../peers/consul.js';
import { ConsulKv } from '../../peers/consul-kv.js';

let consul: Consul | undefined;
afterEach(async () => await consul?.close());

test('a Consul that is stopped and started again keeps its address and its data', async () => {
  consul = await Consul.start({ mode: 'server' });
  await consul.kv.put('upstreams/web/127.0.0.1:8080', { weight: 2 });
  await consul.stop();
  expect(consul.process.running).toBe(false);
  await consul.start();
  expect(await consul.kv.get('upstreams/web/127.0.0.1:8080')).toBe('{"weight":2}');
});

test('two run side by side, and what one is told the other does not know', async () => {
  consul = await Consul.start();
  const other = await Consul.start();
  try {
    const keys = Array.from({ length: 100 }, (_, index) => [`many/${index}`, String(index)] as const);
    await consul.kv.putAll(keys);
    expect(await consul.kv.get('many/99')).toBe('99');
    expect(await other.kv.get('many/99')).toBeUndefined();
    await consul.kv.delete('many/', { recurse: true });
    expect(await consul.kv.get('many/0')).toBeUndefined();
  } finally {
    await other.close();
  }
});

test('with a token, nobody without it reads or writes', async () => {
  consul = await Consul.start({ token: 'b1gs3cr3t-b1gs-3cr3-tb1g-s3cr3tb1gs3c' });
  await consul.kv.put('a', 'b');
  expect(await consul.kv.get('a')).toBe('b');
  const anonymous = await request(`${consul.url}/v1/kv/a?recurse`);
  await anonymous.body.dump();
  expect(anonymous.statusCode).toBe(404);
  await expect(new ConsulKv(consul.url).get('a')).rejects.toThrow('403 Permission denied');
});
