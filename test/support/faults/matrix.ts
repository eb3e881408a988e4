import { setTimeout } from 'node:timers/promises';
import { markdownTable } from '../../reliability/page.js';
import { type CellResult, FAULTS, type Fault, type Probe, type Subject } from './fault.js';
import type { SteadyLoad } from './steady-load.js';

/** Milliseconds between two looks at whether a fault is felt. */
const LOOK = 50;
/** For how many of them a fault may go unfelt. */
const UNFELT = 600;
/** Requests that are made while a fault is felt, at least. */
const MEANWHILE = 10;
/** A change by a way that is slow by 2 s takes so long at least, milliseconds. */
const LATE = 1_500;

/** Goes through the faults of a subject, one after the other, under load. @param hold milliseconds that each lasts at least */
export async function tryFaults(
  subject: Subject,
  load: SteadyLoad,
  hold: number,
  order: readonly Fault[] = FAULTS,
): Promise<readonly CellResult[]> {
  const results: CellResult[] = [];
  for (const fault of order) results.push(await tryFault(subject, fault, load, hold));
  return results;
}

async function tryFault(subject: Subject, fault: Fault, load: SteadyLoad, hold: number): Promise<CellResult> {
  const { name, path, faults, mayFail } = subject;
  const inject = faults[fault];
  const cell = { subject: name, fault, ...(mayFail?.[fault] !== undefined && { mayFail: mayFail[fault] }) };
  if (typeof inject === 'string') return { ...cell, none: inject, requests: 0, failures: [], seconds: 0 };
  await load.settled();
  const before = { requests: load.requests(path), failures: load.failures(path).length };
  const probe = await subject.watch?.(fault);
  const lift = await inject();
  const [felt] = await Promise.all([untilFelt(subject, fault, probe), setTimeout(hold)]);
  await load.goneOn(path, MEANWHILE);
  await lift();
  const began = performance.now();
  await subject.change().catch((thrown: unknown) => {
    throw new Error(`${name} ${fault}: the change was not seen: ${String(thrown)}`, { cause: thrown });
  });
  const seconds = (performance.now() - began) / 1000;
  await load.settled();
  return {
    ...cell,
    ...(felt !== undefined && { felt }),
    requests: load.requests(path) - before.requests,
    failures: load.failures(path).slice(before.failures),
    seconds,
  };
}

async function untilFelt(
  { changesCome, change }: Subject,
  fault: Fault,
  probe: Probe | undefined,
): Promise<boolean | undefined> {
  const began = performance.now();
  if (fault === 'slow by 2 s' && changesCome === true) {
    await change();
    return performance.now() - began > LATE;
  }
  if (probe === undefined) return undefined;
  // Looks are counted, not time: this process may stand still for long.
  for (let look = 0; look < UNFELT; look += 1, await setTimeout(LOOK)) if (await probe()) return true;
  return false;
}

/** The cells in which nothing has happened, and so nothing was shown. */
export function unfelt(results: readonly CellResult[]): readonly string[] {
  return results
    .filter(({ felt }) => felt === false)
    .map(({ subject, fault }) => `${subject} ${fault}: nobody has felt it`);
}

/** The cells in which a request failed that should not have. */
export function broken(results: readonly CellResult[]): readonly string[] {
  return results
    .filter(({ failures, mayFail }) => failures.length > 0 && mayFail === undefined)
    .map(({ subject, fault, failures, requests }) => {
      return `${subject} ${fault}: ${failures.length} of ${requests} failed: ${failures.slice(0, 3).join(', ')}`;
    });
}

/** The matrix for people, in the order of the results. @param figures whether it says how many requests there were, which differs from run to run */
export function faultTable(results: readonly CellResult[], figures: boolean): string {
  const subjects = [...new Set(results.map(({ subject }) => subject))];
  const notes = [
    ...new Set(
      results.flatMap(({ none, mayFail }) => [...(none ? [none] : []), ...(mayFail ? [mayFail] : [])]),
    ),
  ];
  const mark = (note: string | undefined) =>
    note === undefined ? '' : `<sup>${notes.indexOf(note) + 1}</sup>`;
  const cell = ({ none, mayFail, requests, failures, seconds }: CellResult) => {
    if (none !== undefined) return `–${mark(none)}`;
    if (!figures)
      return failures.length === 0 ? '0' : mayFail === undefined ? '**some**' : `some${mark(mayFail)}`;
    return `${failures.length} of ${requests}${mark(mayFail)}; ${seconds.toFixed(1)} s`;
  };
  const rows = subjects.map((subject) => [
    subject,
    ...FAULTS.map((fault) => {
      const found = results.find((result) => result.subject === subject && result.fault === fault);
      return found === undefined ? '' : cell(found);
    }),
  ]);
  return [
    markdownTable(['', ...FAULTS], rows),
    '',
    ...notes.map((note, index) => `${index + 1}. ${note}`),
  ].join('\n');
}
