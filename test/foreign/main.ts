// npm run foreign [-- --only TEXT]...
// Runs the suites that others wrote against our library. A run of all of them writes their part of docs/conformance.md.
import { parseArgs } from 'node:util';
import { writeSection } from '../reliability/page.js';
import { goControlPlane } from './go-control-plane.js';
import { ratelimitClient } from './ratelimit-client.js';
import { type Run, type Suite, suiteSection, verdict } from './suite.js';
import { xdsTestHarness } from './xds-test-harness.js';

const SUITES: readonly Suite[] = [xdsTestHarness, goControlPlane, ratelimitClient];

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [''] } } });
const chosen = SUITES.filter(({ key }) => values.only.some((text) => key.includes(text)));
const runs = new Map<Suite, Run[]>();
for (const suite of chosen) {
  const own: Run[] = [];
  runs.set(suite, own);
  const report = (run: Run) => {
    own.push(run);
    console.log(`  ${[run.name, ...run.cells, verdict(run)].join(' | ')}`);
    if (run.reason !== undefined) console.log(run.reason.replace(/^/gm, '    '));
  };
  console.log(`\n${[suite.name, ...suite.columns].join(' | ')}`);
  await suite.run(report).catch((thrown: unknown) => {
    report({ name: suite.key, passed: false, cells: [], reason: String(thrown) });
  });
}
const all = [...runs.values()].flat();
const count = (passed: boolean | undefined) => all.filter((run) => run.passed === passed).length;
if (chosen.length === SUITES.length && count(undefined) === 0)
  writeSection(
    'foreign',
    [...runs].map(([suite, own]) => suiteSection(suite, own)).join('\n'),
    'conformance.md',
  );
console.log(`\n${count(true)} passed, ${count(false)} failed, ${count(undefined)} skipped`);
process.exitCode = count(false) > 0 || count(true) === 0 ? 1 : 0;
