import { relative } from 'node:path';
import { markdownTable } from '../reliability/page.js';

/** A small error in a file, and what became of it. */
export interface Mutant {
  readonly file: string;
  /** `line:column`. */
  readonly place: string;
  /** The line in which it begins, without the space around it. */
  readonly line: string;
  /** What stands there, as far as the end of the line. */
  readonly code: string;
  readonly becomes: string;
  readonly status: string;
}

/** An error that changes nothing that anybody could notice. */
export interface Equivalent {
  readonly file: string;
  /** As in {@link Mutant}. */
  readonly code: string;
  readonly becomes: string;
  /** Where the code alone does not tell which one: a part of its line. */
  readonly line?: string;
  readonly why: string;
}

export interface FileResult {
  readonly file: string;
  readonly mutants: number;
  readonly caught: number;
  readonly equivalent: number;
  /** Of those that are not equivalent, 0 to 1. */
  readonly share: number;
}

/** What the library says of a mutant. */
interface Ran {
  readonly fileName: string;
  readonly location: Range;
  readonly replacement: string;
  readonly status: string;
}
interface Range {
  readonly start: { readonly line: number; readonly column: number };
  readonly end: { readonly line: number; readonly column: number };
}

const CAUGHT: ReadonlySet<string> = new Set(['Killed', 'Timeout']);
const SURVIVED: ReadonlySet<string> = new Set(['Survived', 'NoCoverage']);

/** The mutants that could be tested, in the order of their places. */
export function mutantsOf(ran: readonly Ran[], read: (file: string) => string): readonly Mutant[] {
  const texts = new Map<string, readonly string[]>();
  return ran
    .filter(({ status }) => CAUGHT.has(status) || SURVIVED.has(status))
    .map(({ fileName, location: { start, end }, replacement, status }) => {
      const lines = texts.get(fileName) ?? read(fileName).split('\n');
      texts.set(fileName, lines);
      const line = lines[start.line - 1] ?? '';
      return {
        file: relative(process.cwd(), fileName),
        place: `${start.line}:${start.column}`,
        line: line.trim(),
        code: line.slice(start.column - 1, start.line === end.line ? end.column - 1 : undefined),
        becomes: replacement.replace(/\s+/g, ' '),
        status,
      };
    });
}

/** Those that no test catches and that are not known as equivalent. */
export function unexplained(
  mutants: readonly Mutant[],
  equivalent: readonly Equivalent[],
): readonly Mutant[] {
  return mutants.filter((mutant) => SURVIVED.has(mutant.status) && !isOneOf(mutant, equivalent));
}

export function resultsOf(
  mutants: readonly Mutant[],
  equivalent: readonly Equivalent[],
): readonly FileResult[] {
  const files = [...new Set(mutants.map(({ file }) => file))].sort();
  return files.map((file) =>
    resultOf(
      file,
      mutants.filter((mutant) => mutant.file === file),
      equivalent,
    ),
  );
}

function resultOf(file: string, mutants: readonly Mutant[], equivalent: readonly Equivalent[]): FileResult {
  const caught = mutants.filter(({ status }) => CAUGHT.has(status)).length;
  const same = mutants.filter((mutant) => SURVIVED.has(mutant.status) && isOneOf(mutant, equivalent)).length;
  const counted = mutants.length - same;
  return {
    ...{ file, caught, mutants: mutants.length, equivalent: same },
    share: counted === 0 ? 1 : caught / counted,
  };
}

/** The results in a table that {@link resultTable} made. */
export function resultsIn(table: string): readonly FileResult[] {
  return table.split('\n').flatMap((row) => {
    const [, file = '', ...counts] = /^\| (src\S+) \| (\d+) \| (\d+) \| (\d+) \|/.exec(row) ?? [];
    const [mutants = 0, caught = 0, equivalent = 0] = counts.map(Number);
    return file === '' ? [] : [{ file, mutants, caught, equivalent, share: caught / (mutants - equivalent) }];
  });
}

export function resultTable(results: readonly FileResult[]): string {
  const sum = (key: 'mutants' | 'caught' | 'equivalent') =>
    results.reduce((total, result) => total + result[key], 0);
  const [mutants, caught, equivalent] = [sum('mutants'), sum('caught'), sum('equivalent')];
  const all = { file: 'all', mutants, caught, equivalent, share: caught / (mutants - equivalent) };
  return markdownTable(
    ['File', 'Mutants', 'Caught', 'Equivalent', 'Caught of the others'],
    [...results.toSorted((a, b) => (a.file < b.file ? -1 : 1)), all].map(({ file, share, ...counts }) => [
      ...[file, counts.mutants, counts.caught, counts.equivalent],
      `${(100 * share).toFixed(1)} %`,
    ]),
  );
}

function isOneOf(mutant: Mutant, equivalent: readonly Equivalent[]): boolean {
  return equivalent.some(
    ({ file, code, becomes, line = '' }) =>
      file === mutant.file &&
      code === mutant.code &&
      becomes === mutant.becomes &&
      mutant.line.includes(line),
  );
}
