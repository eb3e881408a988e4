import { markdownTable } from '../reliability/page.js';
import { faultsOf, type Sample, type Trial, worstOf } from './verdict.js';

/** The runs of an attack; the second one only where the first one failed. */
export interface Row {
  readonly name: string;
  readonly trials: readonly (Trial | Error)[];
}

/** Whether one of the runs passed. */
export function passed({ trials }: Row): boolean {
  return trials.some((trial) => faults(trial).length === 0);
}

/** The run that counts: the better one. */
export function best({ trials }: Row): Trial | Error | undefined {
  return trials.toSorted((a, b) => severity(a) - severity(b))[0];
}

/** One line about a row. */
export function summary(row: Row): string {
  return cells(row).join(' | ');
}

/** The table of all rows in Markdown. */
export function table(rows: readonly Row[]): string {
  const head = ['Attack', 'Result', 'Without it, ms', 'Under attack, ms', 'Memory, MB', 'Verdict'];
  return markdownTable(head, rows.map(cells));
}

function cells(row: Row): readonly string[] {
  const trial = best(row);
  if (trial === undefined || trial instanceof Error)
    return [row.name, '', '', '', '', `**failed**: ${faults(trial).join('; ')}`];
  const { outcome, quiet, attacked, memory } = trial;
  const again = row.trials.length > 1 ? ' in the second run' : '';
  const verdict = passed(row) ? `passed${again}` : `**failed**: ${faults(trial).join('; ')}`;
  const grown = `${memory.before.toFixed(0)} → ${memory.highest.toFixed(0)}`;
  return [row.name, outcome.text, latencies(quiet), latencies(attacked), grown, verdict];
}

function faults(trial: Trial | Error | undefined): readonly string[] {
  if (trial === undefined) return ['there was no run'];
  return trial instanceof Error ? [`the run broke off: ${trial.message.slice(0, 300)}`] : faultsOf(trial);
}

/** Orders runs by the number of faults, then by the worst latency. */
function severity(trial: Trial | Error): number {
  if (trial instanceof Error) return Number.POSITIVE_INFINITY;
  return faultsOf(trial).length * 1e9 + worstOf(trial.attacked);
}

/** Median, 99th percentile and worst. */
function latencies(sample: Sample): string {
  const { times, lost } = sample;
  const at = (share: number) =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);
  const lostText = lost > 0 ? `, ${lost} lost` : '';
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}${lostText}`;
}
