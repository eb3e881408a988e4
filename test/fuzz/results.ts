import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { markdownTable } from '../reliability/page.js';
import { HEAP_AT } from './target.js';

/** Outside git. */
const FILE = resolve(import.meta.dirname, '../../build/fuzz.json');

const resultSchema = z.object({
  name: z.string(),
  cases: z.number(),
  seconds: z.number(),
  held: z.array(z.number()).readonly(),
  failure: z.string().optional(),
});

/** What the process of a target says: what it has so far, or in the end. */
export const reportSchema = z.object({ result: resultSchema, ended: z.boolean() });
export type Report = z.infer<typeof reportSchema>;

const runSchema = z.object({
  seed: z.number(),
  cases: z.number(),
  reports: z.array(reportSchema).readonly(),
});

/** All targets of one run, those that have not ended included. */
export type Run = z.infer<typeof runSchema>;

/** The run that was left, undefined where there is none. */
export function readRun(): Run | undefined {
  return existsSync(FILE) ? runSchema.parse(JSON.parse(readFileSync(FILE, 'utf8'))) : undefined;
}

export function writeRun(run: Run): void {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(`${FILE}.new`, JSON.stringify(run, undefined, 2));
  renameSync(`${FILE}.new`, FILE);
}

/** With another report of a target in place of its last one. */
export function withReport(run: Run, report: Report): Run {
  const others = run.reports.filter(({ result }) => result.name !== report.result.name);
  return { ...run, reports: [...others, report] };
}

/** A run as a table, in the order of these names. */
export function tableOf(run: Run, names: readonly string[]): string {
  const reports = names.flatMap((name) => run.reports.filter(({ result }) => result.name === name));
  const rows = reports.map(({ result }) => [
    result.name,
    result.cases.toLocaleString('en'),
    result.failure === undefined ? 'none' : '**some**',
    result.seconds.toFixed(0),
    ...[0, ...HEAP_AT].map((_, index) => result.held[index]?.toFixed(1) ?? '–'),
  ]);
  const parts = HEAP_AT.map((part) => `${part * 100} %`);
  const head = ['Target', 'Cases', 'Failures', 'CPU, s', 'MB held at start', ...parts];
  return `Seed ${run.seed}.\n\n${markdownTable(head, rows)}`;
}
