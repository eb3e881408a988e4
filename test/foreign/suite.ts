import { markdownTable } from '../reliability/page.js';

/** One run of a foreign suite: what it was given, what came of it. */
export interface Run {
  readonly name: string;
  /** Undefined where the suite could not be run here. */
  readonly passed: boolean | undefined;
  /** The cells of its row, after the name. */
  readonly cells: readonly (string | number)[];
  /** Why it failed, or was not run. */
  readonly reason?: string;
}

/** A suite that somebody else wrote, and its runs against Signalbox. */
export interface Suite {
  /** What `--only` calls it. */
  readonly key: string;
  readonly name: string;
  readonly columns: readonly string[];
  run(report: (run: Run) => void): Promise<void>;
}

/** The results of a suite in Markdown. */
export function suiteSection({ name, columns }: Suite, runs: readonly Run[]): string {
  const rows = runs.map((run) => [run.name, ...run.cells, verdict(run)]);
  return `### ${name}\n\n${markdownTable([...columns, 'Result'], rows)}\n`;
}

export function verdict({ passed }: Run): string {
  if (passed === undefined) return 'not run';
  return passed ? 'passed' : '**failed**';
}
