import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { EQUIVALENT } from '../../mutants/equivalent.js';
import { mutantsOf, resultsIn, resultsOf, resultTable, unexplained } from '../../mutants/results.js';

const TEXT = 'if (a === b) {\n  go();\n}\n';
const ran = (status: string, replacement: string, [startLine, start, endLine, end] = [1, 5, 1, 12]) => ({
  fileName: resolve('src/x.ts'),
  location: {
    start: { line: startLine ?? 0, column: start ?? 0 },
    end: { line: endLine ?? 0, column: end ?? 0 },
  },
  ...{ status, replacement },
});
const mutants = mutantsOf(
  [
    ...[ran('Killed', 'true'), ran('Timeout', 'false'), ran('Survived', 'a !== b'), ran('CompileError', 'x')],
    ran('NoCoverage', '{ }', [1, 14, 3, 2]),
  ],
  () => TEXT,
);
const equivalent = [{ file: 'src/x.ts', code: 'a === b', becomes: 'a !== b', why: 'either way' }];

test('a mutant is known by its place, its code and what it becomes', () => {
  expect(mutants.map(({ place, code, becomes, status }) => [place, code, becomes, status])).toEqual([
    ['1:5', 'a === b', 'true', 'Killed'],
    ['1:5', 'a === b', 'false', 'Timeout'],
    ['1:5', 'a === b', 'a !== b', 'Survived'],
    ['1:14', '{', '{ }', 'NoCoverage'],
  ]);
});

test('the share is that of those that are not equivalent', () => {
  expect(resultsOf(mutants, [])).toEqual([
    { file: 'src/x.ts', mutants: 4, caught: 2, equivalent: 0, share: 0.5 },
  ]);
  expect(resultsOf(mutants, equivalent)).toMatchObject([
    { mutants: 4, caught: 2, equivalent: 1, share: 2 / 3 },
  ]);
  expect(unexplained(mutants, equivalent).map(({ place }) => place)).toEqual(['1:14']);
  expect(resultTable(resultsOf(mutants, equivalent)).split('\n').slice(2)).toEqual([
    '| src/x.ts | 4 | 2 | 1 | 66.7 % |',
    '| all | 4 | 2 | 1 | 66.7 % |',
  ]);
});

test('a table is read back, and its rows are in the order of the files', () => {
  const results = ['src/b.ts', 'src/a.ts'].map((file) => ({
    ...{ file, mutants: 10, caught: 6, equivalent: 2, share: 0.75 },
  }));
  expect(resultsIn(resultTable(results))).toEqual(results.toReversed());
});

test('where a line is named, the code counts there alone', () => {
  const [known] = equivalent;
  if (known === undefined) throw new Error('none');
  expect(unexplained(mutants, [{ ...known, line: 'while' }])).toHaveLength(2);
  expect(unexplained(mutants, [{ ...known, line: 'if (' }])).toHaveLength(1);
});

test.each(EQUIVALENT)(
  'what is listed as equivalent still stands in $file: $code',
  ({ file, code, line = '' }) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines.some((each) => each.includes(code) && each.includes(line))).toBe(true);
  },
);
