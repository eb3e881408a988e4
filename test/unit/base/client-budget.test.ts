import { expect, test } from 'vitest';
import { ClientBudget } from '../../../src/base/client-budget.js';

const calls = (budget: ClientBudget, client: string, count: number, now: number) =>
  Array.from({ length: count }, () => budget.take(client, 1, now)).filter(Boolean).length;

test('a burst, then the rate; another client is not concerned', () => {
  const budget = new ClientBudget({ burst: 10, perSecond: 2 });
  expect(calls(budget, 'a', 50, 0)).toBe(10);
  expect(calls(budget, 'b', 5, 0)).toBe(5);
  expect(calls(budget, 'a', 50, 3_000)).toBe(6);
  expect(calls(budget, 'a', 50, 1_000_000)).toBe(10);
});

test('what has been spent already counts, beyond the burst too', () => {
  const budget = new ClientBudget({ burst: 10, perSecond: 2 });
  budget.charge('a', 30, 0);
  expect(budget.take('a', 0, 9_000)).toBe(false);
  expect(budget.take('a', 0, 10_000)).toBe(true);
});

test('clients that come once are forgotten before those that come all the time', () => {
  const budget = new ClientBudget({ burst: 10, perSecond: 0 }, 100);
  for (let index = 0; index < 1_000; index += 1) {
    budget.take(`once-${index}`, 1, 0);
    if (index % 50 === 0) budget.take('often', 1, 0);
  }
  expect(budget.size).toBe(100);
  expect(budget.take('often', 1, 0)).toBe(false);
});
