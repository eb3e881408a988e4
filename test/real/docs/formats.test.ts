import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { command } from '../../peers/cache.js';
import { Consul } from '../../peers/consul.js';
import { adsBootstrap, installEnvoy } from '../../peers/envoy.js';
import { installPrometheus } from '../../peers/prometheus.js';
import { type Block, blocksOf, documentationPages, placeOf, readPage } from '../../support/docs/block.js';

// What the pages say to other programs, each block taken by the program that it is for.

const all = documentationPages().flatMap((page) => blocksOf(page, readPage(page)));
const of = (format: string): readonly Block[] =>
  all.filter(({ language, options }) => language === 'yaml' && options.get('of') === format);
let folder: string;
const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-formats-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("Envoy takes each part of a bootstrap, beside the rest of Signalbox's", async () => {
  const envoy = await installEnvoy();
  expect(of('envoy')).not.toEqual([]);
  const accepts = async (name: string, part: unknown) => {
    const whole = stringify({ ...parse(adsBootstrap({ mode: 'delta', xdsPort: 18_000 })), ...Object(part) });
    await command(envoy, ['--mode', 'validate', '-c', write(`${name}.yaml`, whole)]);
  };
  for (const [index, block] of of('envoy').entries()) await accepts(`envoy-${index}`, parse(block.text));
  await expect(accepts('wrong', { cluster_manger: {} })).rejects.toThrow('cluster_manger');
});

test('Prometheus takes each configuration', async () => {
  const promtool = join(await installPrometheus(), 'promtool');
  expect(of('prometheus')).not.toEqual([]);
  for (const [index, block] of of('prometheus').entries())
    await command(promtool, ['check', 'config', write(`prometheus-${index}.yml`, block.text)]);
  await expect(
    command(promtool, ['check', 'config', write('wrong.yml', 'scrape_config: []\n')]),
  ).rejects.toThrow('scrape_config');
});

test('Consul takes each policy', async () => {
  const policies = all.filter(({ language }) => language === 'hcl');
  expect(policies).not.toEqual([]);
  const consul = await Consul.start({ token: 'root' });
  const create = async (name: string, rules: string) => {
    const { statusCode, body } = await request(`${consul.url}/v1/acl/policy`, {
      method: 'PUT',
      headers: { 'x-consul-token': 'root' },
      body: JSON.stringify({ Name: name, Rules: rules }),
    });
    return { statusCode, text: await body.text() };
  };
  try {
    for (const [index, block] of policies.entries())
      expect(await create(`policy-${index}`, block.text), placeOf(block)).toMatchObject({ statusCode: 200 });
    expect((await create('wrong', 'key_prefix "" { policy = "all" }')).statusCode).not.toBe(200);
  } finally {
    await consul.close();
  }
});
