import { markdownTable } from '../reliability/page.js';
import type { History, Violation } from './history.js';

/** A history and what is wrong in it. */
export interface Checked {
  readonly history: History;
  readonly violations: readonly Violation[];
}

const KINDS = ['invented', 'back', 'behind', 'missing'] as const;

/** The figures of several runs, as a table in Markdown. */
export function reportOf(runs: readonly Checked[]): string {
  const head = [
    ...['Registry', 'Minutes', 'Writes', 'without an answer', 'Faults', 'kinds', 'States shown to proxies'],
    ...['Checks', 'made later', ...KINDS],
  ];
  return markdownTable(head, runs.map(rowOf));
}

function rowOf({ history, violations }: Checked): readonly (string | number)[] {
  const { registry, writes, faults, observations, checks } = history;
  const [first, last] = [writes[0]?.from ?? 0, checks.at(-1)?.at ?? 0];
  return [
    registry,
    ((last - first) / 60_000).toFixed(1),
    writes.length,
    writes.filter(({ outcome }) => outcome === 'unknown').length,
    faults.length,
    new Set(faults.map(({ name }) => name)).size,
    observations.filter(({ proxy }) => proxy !== 'registry').length,
    checks.length,
    checks.filter(({ standstill }) => standstill > 0).length,
    ...KINDS.map((kind) => violations.filter((violation) => violation.kind === kind).length),
  ];
}
