import { expect, test } from 'vitest';
import type { Rule } from '../../conformance/rules.js';
import { conformanceTable } from '../../conformance/table.js';

const RULES: Readonly<Record<string, Rule>> = {
  R01: { level: 'MUST', where: 'sotw', text: 'a | b' },
  G08: { level: 'ROBUST', where: 'once', text: 'c' },
};
const FILE = 'test/conformance/r.test.ts';
const OUTCOMES = ['R01 [sotw, ads] a', 'R01 [sotw, sep] a', 'G08 [once] c'].map((name) => ({
  name,
  file: FILE,
  passed: true,
}));

test('tells what became of each rule, and the sum', () => {
  const table = conformanceTable(RULES, OUTCOMES);
  expect(table).toContain('**2 rules, 3 checks: 3 hold, 0 broken.**');
  expect(table).toContain(`| R01 | MUST | a \\| b | holds | holds | – | – | [r.test.ts](../${FILE}) |`);
});

test('names the variants in which a rule is broken', () => {
  const [first, second, third] = OUTCOMES;
  const outcomes = [first, third, { name: second?.name ?? '', file: FILE, passed: false }];
  const table = conformanceTable(
    RULES,
    outcomes.filter((outcome) => outcome !== undefined),
  );
  expect(table).toContain('2 hold, 1 broken');
  expect(table).toContain('| holds | **broken** | – | – |');
});

test('says nothing of a run that left a variant of a rule out', () => {
  expect(conformanceTable(RULES, OUTCOMES.slice(1))).toBeUndefined();
});
