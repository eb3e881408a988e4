import { expect, test } from 'vitest';
import { nearest } from '../../../src/base/nearest.js';
import { suggestion } from '../../../src/suggestion.js';

test.each([
  ['wbe', ['web', 'api'], 2, 'web'],
  ['wbe', ['api'], 2, undefined],
  ['web', [], 2, undefined],
  ['web', ['a-much-longer-name'], 2, undefined],
  ['web', ['a-much-longer-name'], Number.POSITIVE_INFINITY, 'a-much-longer-name'],
  ['x'.repeat(200), ['x'.repeat(199)], 2, undefined],
])('nearest to "%s" of %s within %s: %s', (name, names, most, near) => {
  expect(nearest(name, names, most)).toBe(near);
});

test('a suggestion names what is near, or what there is', () => {
  expect(suggestion('weigth', ['weight', 'host'])).toBe(', did you mean "weight"?');
  expect(suggestion('whatever', ['port', 'host'])).toBe('; known here: port, host');
  expect(suggestion('weigth', ['weight'], 20)).toBe('');
  expect(suggestion('weigth', [])).toBe('');
});

const cpuOf = (work: () => void) => {
  const { user } = process.cpuUsage();
  work();
  return process.cpuUsage().user - user;
};

test('very many unknown keys, and long ones, cost little', () => {
  const known = Array.from({ length: 50 }, (_, n) => `a_known_key_${n}`);
  const keys = Array.from({ length: 20_000 }, (_, n) => `k${n}`.padEnd(10_000, 'x'));
  const suggested = () => keys.map((key, index) => suggestion(key, known, index));
  expect(cpuOf(suggested)).toBeLessThan(500_000);
  expect(cpuOf(() => keys.map((key) => nearest(key, known)))).toBeLessThan(500_000);
});

test('a name among very many long ones', () => {
  const names = Array.from({ length: 50_000 }, (_, n) => `n${n}`.padEnd(120, 'y'));
  expect(cpuOf(() => nearest('z'.repeat(120), names))).toBeLessThan(500_000);
});
