import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configJsonSchema } from '../../../src/config/json-schema.js';

const published = JSON.parse(
  readFileSync(new URL('../../../docs/config.schema.json', import.meta.url), 'utf8'),
);

test('docs/config.schema.json is what scripts/config-schema.ts would write', () => {
  expect(published).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

const accepts = (yaml: string) => z.fromJSONSchema(published).safeParse(parse(yaml)).success;

test('it accepts what people write: default types, older spellings, ignored options, variables', () => {
  expect(
    accepts(`
xds: { listen: 127.0.0.1:18000 }
discovery:
  consul_kv: { servers: ["http://127.0.0.1:8500"], connect_type: long, delay: 3, sort_type: origin, weight: "\${W}" }
  local: { type: file, path: services.yaml }
startup_grace: 30s
services: { "*": { connect_timeout: 1s, lb_policy: "\${LB:-RANDOM}" } }
listeners: [{ name: http, address: "0.0.0.0:10000" }]
routes: [{ match: { prefix: / }, service_name: a }]
auto_routes: false`),
  ).toBe(true);
});

test.each([
  'listners: []',
  'auto_routes: maybe',
  'startup_grace: soon',
  'discovery: { local: { path: a } }',
  'discovery: { file: {} }',
  'discovery: { consul_kv: { servers: ["http://a:1"], tokn: a } }',
  'discovery: { consul_kv: { servers: ["http://a:1"], connect_type: ling } }',
  'services: { a: { lb_policy: ROUND } }',
])('it refuses %s', (yaml) => {
  expect(accepts(yaml)).toBe(false);
});
