import { expect, test } from 'vitest';
import type { RouteRule } from '../../../../src/model/route.js';
import { inOrder } from '../../../../src/resources/route/order.js';

const rule = (service_name: string, match: RouteRule['match'], more: Partial<RouteRule> = {}): RouteRule => ({
  service_name,
  match,
  ...more,
});

test('a prefix as a text has its place among those of segments; equal paths go by their own priority', () => {
  const rules = [
    rule('all', { prefix: '/' }),
    rule('low', { prefix: '/a/', methods: ['GET'] }, { path_priority: -1 }),
    rule('text', { starts_with: '/a' }),
    rule('high', { prefix: '/a/' }, { path_priority: 5 }),
    rule('longer', { prefix: '/a/b/' }),
    rule('exact', { path: '/a' }),
    rule('first', { prefix: '/' }, { priority: 1 }),
  ];
  const expected = ['first', 'exact', 'longer', 'high', 'low', 'text', 'all'];
  expect(inOrder('*', rules).map(({ service_name }) => service_name)).toEqual(expected);
  expect(inOrder('*', rules.toReversed()).map(({ service_name }) => service_name)).toEqual(expected);
});
