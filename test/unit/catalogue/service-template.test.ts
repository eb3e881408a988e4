import { expect, test } from 'vitest';
import { publishedName } from '../../../src/catalogue/service-template.js';

const source = { registry: 'east', server: 'http://127.0.0.1:8500' };

test.each([
  ['{service}', { service: 'web' }, 'web'],
  ['{registry}/{service}', { service: 'web' }, 'east/web'],
  ['{server}|{service}|{service}', { service: 'a' }, 'http://127.0.0.1:8500|a|a'],
  ['{namespace}.{group}.{service}', { service: 'a', namespace: 'n', group: 'g' }, 'n.g.a'],
  ['{group}@@{service}', { service: 'a' }, '@@a'],
  ['{unknown}{service}', { service: 'a' }, '{unknown}a'],
  ['{service}', { service: '{registry} $& $1' }, '{registry} $& $1'],
  ['fixed', { service: 'a' }, 'fixed'],
])('%s with %j is %s', (template, key, name) => {
  expect(publishedName(template, source, key)).toBe(name);
});
