// npm run fuzz [-- --cases 1000000] [--seed N] [--only TEXT] [--seconds N]
import { parseArgs } from 'node:util';
import { markdownTable, writeSection } from '../reliability/page.js';
import { type FuzzResult, fuzz } from './target.js';
import { TARGETS } from './targets.js';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    only: { type: 'string', default: '' },
    /** For each target. */
    seconds: { type: 'string', default: '3600' },
  },
});
const [cases, seed, seconds] = [Number(values.cases), Number(values.seed), Number(values.seconds)];
const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

const results: FuzzResult[] = [];
console.log(`seed ${seed}`);
for (const target of TARGETS.filter(({ name }) => name.includes(values.only))) {
  let told = 0;
  const progress = (done: number) => {
    if (done - told < cases / 10) return;
    told = done;
    console.log(`  ${target.name}: ${done} cases`);
  };
  const result = await fuzz(target, cases, { seed, seconds, progress });
  results.push(result);
  const { name, heap, failure } = result;
  console.log(
    `${name}: ${result.cases} cases in ${result.seconds.toFixed(0)} s, heap ${heap.before.toFixed(1)} → ${heap.after.toFixed(1)} MB`,
  );
  if (failure !== undefined) console.log(failure);
  if (values.only === '') writeSection('fuzz', table());
}
if (unhandled.length > 0)
  console.log(`FAILED: ${unhandled.length} unhandled rejections, such as ${String(unhandled[0])}`);
process.exitCode = unhandled.length > 0 || results.some(({ failure }) => failure !== undefined) ? 1 : 0;

function table(): string {
  const rows = results.map(({ name, cases, seconds, heap, failure }) => [
    name,
    cases.toLocaleString('en'),
    failure === undefined ? 'none' : '**some**',
    seconds.toFixed(0),
    `${heap.before.toFixed(1)} → ${heap.after.toFixed(1)}`,
  ]);
  const head = ['Target', 'Cases', 'Failures', 'Seconds', 'Heap before → after, MB'];
  return `Seed ${seed}. Unhandled rejections: ${unhandled.length}.\n\n${markdownTable(head, rows)}`;
}
