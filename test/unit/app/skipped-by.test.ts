import { expect, test } from 'vitest';
import { skipRules } from '../../../src/app/skipped-by.js';
import { configOf } from '../../support/configuration.js';

const { discovery } = configOf({
  discovery: {
    consul_kv: {
      type: 'consul_kv',
      servers: ['http://127.0.0.1:8500'],
      skip_keys: ['upstreams/unused_api/', 'team/old'],
      skip_services: ['internal-*'],
    },
    local: { type: 'file', path: 'services.yaml', skip_services: ['internal-x'] },
  },
});
const kv = (rule: string) => ({ registry: 'consul_kv', rule });

test.each([
  ['unused_api', [kv('skip_keys "upstreams/unused_api/"')]],
  ['upstreams/unused_api/10.0.0.1:80', [kv('skip_keys "upstreams/unused_api/"')]],
  ['team/old', [kv('skip_keys "team/old"')]],
  ['unused_api-2', []],
  [
    'internal-x',
    [kv('skip_services "internal-*"'), { registry: 'local', rule: 'skip_services "internal-x"' }],
  ],
  ['users', []],
])('%s is left out by these rules', (query, rules) => {
  expect(skipRules(query, discovery)).toEqual(rules);
});
