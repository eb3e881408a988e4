// npm run fuzz [-- --cases 1000000] [--seed N] [--only TEXT] [--seconds N] [--parallel N] [--continue]
// npm run fuzz -- --only TARGET --seed N --path PATH   the one case that a failure names
// npm run fuzz -- --report   what the run that was left has reached, into the page
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeSection } from '../reliability/page.js';
import { type Report, type Run, readRun, reportSchema, tableOf, withReport, writeRun } from './results.js';
import { replay } from './target.js';
import { TARGETS } from './targets.js';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    only: { type: 'string', default: '' },
    /** Of processor time, for each target. */
    seconds: { type: 'string', default: '36000' },
    parallel: { type: 'string', default: '1' },
    /** Goes on with the run that was left: what has ended in it is not run again. */
    continue: { type: 'boolean', default: false },
    path: { type: 'string' },
    report: { type: 'boolean', default: false },
  },
});
const CHILD = resolve(import.meta.dirname, 'child.ts');
/** Megabytes of heap: many times what any target needs. */
const MOST_HEAP = 256;
const PROGRESS_MS = 5_000;

const chosen = TARGETS.filter(({ name }) => name.includes(values.only));
if (values.report) writePage(readRun());
else if (values.path === undefined) await runAll();
else for (const target of chosen) console.log(replay(target, Number(values.seed), values.path) ?? 'passes');

async function runAll(): Promise<void> {
  const left = values.continue ? readRun() : undefined;
  let run: Run = left ?? { seed: Number(values.seed), cases: Number(values.cases), reports: [] };
  console.log(`seed ${run.seed}`);
  const ended = new Set(run.reports.filter((report) => report.ended).map(({ result }) => result.name));
  const waiting = chosen.map(({ name }) => name).filter((name) => !ended.has(name));
  const running = new Map<string, Report>();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

  const keep = (report: Report) => {
    run = withReport(run, report);
    writeRun(run);
  };
  const ticking = setInterval(() => {
    for (const report of running.values()) {
      keep(report);
      console.log(`  ${report.result.name}: ${report.result.cases.toLocaleString('en')}`);
    }
  }, PROGRESS_MS);
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined && !stop.signal.aborted; name = waiting.shift()) {
      const report = await runOne(name, run, stop.signal, (so) => running.set(so.result.name, so));
      running.delete(name);
      keep(report);
      console.log(line(report));
      if (values.only === '') writePage(run);
    }
  };
  await Promise.all(Array.from({ length: Number(values.parallel) }, work));
  clearInterval(ticking);
  const failed = run.reports.some(({ result }) => result.failure !== undefined);
  process.exitCode = failed || stop.signal.aborted ? 1 : 0;
}

function writePage(run: Run | undefined): void {
  if (run === undefined) throw new Error('no run was left');
  const names = TARGETS.map(({ name }) => name);
  writeSection('fuzz', tableOf(run, names));
}

function line({ result: { name, cases, seconds, held, failure } }: Report): string {
  const memory = held.map((megabytes) => megabytes.toFixed(1)).join(' ');
  const told = `${name}: ${cases.toLocaleString('en')} cases, ${seconds.toFixed(0)} s of CPU, MB held ${memory}`;
  if (failure === undefined) return told;
  return `${told}\nFAILED: ${failure}\nAgain: npm run fuzz -- --only '${name}' --seed SEED --path PATH, both as told above`;
}

/** @param signal ends it with what it has so far */
async function runOne(
  name: string,
  { cases, seed }: Run,
  signal: AbortSignal,
  progress: (report: Report) => void,
): Promise<Report> {
  let last: Report = { result: { name, cases: 0, seconds: 0, held: [] }, ended: false };
  const child = fork(CHILD, [name, String(cases), String(seed), values.seconds], {
    execArgv: [...process.execArgv, `--max-old-space-size=${MOST_HEAP}`],
  });
  signal.addEventListener('abort', () => child.kill(), { once: true });
  child.on('message', (message) => {
    last = reportSchema.parse(message);
    progress(last);
    child.send('go on');
  });
  const [code, killed] = await once(child, 'exit');
  if (last.ended || signal.aborted) return last;
  return { ended: true, result: { ...last.result, failure: `its process ended with ${killed ?? code}` } };
}
