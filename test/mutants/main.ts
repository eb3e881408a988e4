// npm run mutants [-- src/release/quarantine.ts …]
// How many small errors in the decisive parts the unit tests catch. Writes the table in docs/reliability.md; with files
// only their rows.
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { sectionOf, writeSection } from '../reliability/page.js';
import { EQUIVALENT } from './equivalent.js';
import { type Mutant, mutantsOf, resultsIn, resultsOf, resultTable, unexplained } from './results.js';

const PARTS = [
  'src/catalogue/{held-losses,loss-window,mass-loss,recent-service,source-state}.ts',
  'src/release/{accepted,own-troubles,proxy-answers,proxy-opinions,quarantine}.ts',
  'src/xds/{children,claims,delta,doubts,sotw,subscription,type-state,type-states}.ts',
];
/** Caught, of those that change what the program does; of each file. */
const LEAST = 0.9;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { concurrency: { type: 'string', default: '1' } },
});
const ran = await new Stryker({
  mutate: positionals.length > 0 ? positionals : PARTS,
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutants/vitest.config.ts', related: true },
  coverageAnalysis: 'perTest',
  concurrency: Number(values.concurrency),
  timeoutMS: 10_000,
  tempDirName: 'build/mutants',
  cleanTempDir: 'always',
  // The copy that is mutated holds what these tests need.
  ignorePatterns: ['**', '!src/**', '!test/**', '!package.json', '!tsconfig.json'],
  reporters: ['progress-append-only'],
  allowConsoleColors: false,
}).runMutationTest();

const mutants: readonly Mutant[] = mutantsOf(ran, (file) => readFileSync(file, 'utf8'));
const results = resultsOf(mutants, EQUIVALENT);
for (const { file, line, place, code, becomes, status } of unexplained(mutants, EQUIVALENT))
  console.log(`${file}:${place} ${status}: \`${code}\` → \`${becomes}\`  in  ${line}`);
const measured = new Set(results.map(({ file }) => file));
const page = readFileSync('docs/reliability.md', 'utf8');
const others = positionals.length === 0 ? [] : resultsIn(sectionOf(page, 'mutants'));
const table = resultTable([
  ...results,
  ...others.filter(({ file }) => !measured.has(file) && existsSync(file)),
]);
console.log(table);
writeSection('mutants', table);
const weak = results.filter(({ share }) => share < LEAST);
if (weak.length > 0) {
  console.log(`Caught are fewer than ${100 * LEAST} %: ${weak.map(({ file }) => file).join(', ')}.`);
  process.exitCode = 1;
}
