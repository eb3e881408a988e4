// npm run histories [-- --registries etcd,consul] [--minutes 10] [--seed 1] [--only 'leader killed']
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeSection } from '../reliability/page.js';
import { violationsIn } from './checker/check.js';
import { REGISTRIES } from './registries/index.js';
import { reportOf } from './report.js';
import { recordHistory } from './run.js';

const ALL = REGISTRIES.join(',');
const { values } = parseArgs({
  options: {
    registries: { type: 'string', default: ALL },
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
/** How long a fault lasts, milliseconds. */
const HOLD = [3_000, 14_000] as const;
const FOLDER = join('build', 'histories');

const seed = Number(values.seed);
console.log(`seed ${seed}`);
const results = [];
for (const name of values.registries.split(',')) {
  const began = performance.now();
  const history = await recordHistory(name, {
    seed,
    milliseconds: Number(values.minutes) * 60_000,
    hold: HOLD,
    ...(values.only !== undefined && { only: values.only }),
    say: (line) => console.log(`${name}, ${((performance.now() - began) / 1000).toFixed(0)} s: ${line}`),
  });
  const violations = violationsIn(history);
  results.push({ history, violations });
  for (const { kind, proxy, service, at, detail } of violations.slice(0, 50))
    console.log(`${name}: ${kind} at ${at.toFixed(0)} ms: ${proxy}, ${service}: ${detail}`);
  if (violations.length === 0 && !values.keep) continue;
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${name}-${seed}.json`);
  writeFileSync(file, JSON.stringify({ ...history, violations }));
  console.log(`the history of ${name} is in ${file}`);
}
const report = reportOf(results);
console.log(report);
// A run of some of them, or a short one, leaves the page alone.
if (Number(values.minutes) >= 10 && values.only === undefined && values.registries === ALL)
  writeSection('histories', `Seed ${seed}.\n\n${report}`);
process.exitCode = results.some(({ violations }) => violations.length > 0) ? 1 : 0;
