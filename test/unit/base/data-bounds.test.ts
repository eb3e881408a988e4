import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataProblem, ENTRY_BOUNDS, readJson, textProblem } from '../../../src/base/data-bounds.js';

const { nesting, bytes } = ENTRY_BOUNDS;

const ofBytes = (count: number) => JSON.stringify('x'.repeat(count - 2));
const ofLevels = (count: number) => `${'{"a":'.repeat(count - 1)}{}${'}'.repeat(count - 1)}`;

describe('within the bounds, and one beyond', () => {
  test.each([
    ['bytes', ofBytes(bytes), ofBytes(bytes + 1), 'has 262145 bytes, and 262144 is the most'],
    ['levels', ofLevels(nesting), ofLevels(nesting + 1), 'is nested deeper than 32 levels'],
  ])('%s', (_, fits, exceeds, problem) => {
    expect(textProblem(fits)).toBeUndefined();
    expect(textProblem(exceeds)).toBe(problem);
    expect(readJson(fits)).toEqual({ value: JSON.parse(fits) });
    expect(readJson(exceeds)).toEqual({ problem });
    expect(dataProblem(JSON.parse(fits))).toBeUndefined();
    expect(dataProblem(JSON.parse(exceeds))).toBe(problem);
  });

  test('bytes count, not characters', () => {
    expect(textProblem(JSON.stringify('é'.repeat(bytes / 2 - 1)))).toBeUndefined();
    expect(textProblem(JSON.stringify('é'.repeat(bytes / 2)))).toMatch(/has 262146 bytes/);
    expect(dataProblem('é'.repeat(bytes / 2))).toMatch(/has 262146 bytes/);
  });
});

test('a text that is no JSON has a reason', () => {
  expect(readJson('{"a":')).toEqual({ problem: expect.stringMatching(/^is not valid JSON: ./) });
  expect(readJson('')).toEqual({ problem: expect.stringMatching(/^is not valid JSON: ./) });
});

test('data count as their JSON does, but for what is escaped in it', () => {
  const plain = fc.jsonValue({ stringUnit: fc.constantFrom('a', 'é', '€', '😀') });
  fc.assert(
    fc.property(plain, (value) => {
      const size = Buffer.byteLength(JSON.stringify(value));
      const copy: unknown = JSON.parse(JSON.stringify(value));
      expect(dataProblem(copy, { nesting: 99, bytes: size })).toBeUndefined();
      expect(dataProblem(copy, { nesting: 99, bytes: size - 1 })).toMatch(/bytes/);
    }),
  );
});

test('data that multiply, or contain themselves, are found out soon', () => {
  let bomb: unknown = 'x';
  for (let level = 0; level < 30; level += 1) bomb = Array.from({ length: 10 }, () => bomb);
  expect(dataProblem(bomb)).toMatch(/^has more than 16777216 bytes/);
  const list: unknown[] = [];
  list.push(list);
  expect(dataProblem(list)).toBe('is nested deeper than 32 levels');
});
