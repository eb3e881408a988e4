// npm test: from a fresh clone to the sum of all suites. What stands behind `--` goes to vitest.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, installPackages, step } from './steps.mjs';

const started = performance.now();
const failed = [];
const tests = { passed: 0, failed: 0, skipped: 0 };

if (await installPackages()) {
  await attempt('build', 'npm', ['run', '--silent', 'build']);
  await attempt('lint', 'npm', ['run', '--silent', 'lint']);
  await attempt('types', 'npm', ['run', '--silent', 'types']);
  await attempt('package', 'npm', ['run', '--silent', 'lint:package']);
  const peers = await attempt('peers', bin('tsx'), ['test/peers/install-all.ts']);
  // Without its peers a real test can only fail, and slowly.
  await runTests(peers ? [] : ['unit', 'component', 'conformance'].flatMap((name) => ['--project', name]));
} else {
  failed.push('packages');
}

if (tests.passed + tests.failed === 0) failed.push('no test ran');
if (failed.length > 0) console.log(`FAILED: ${failed.join(', ')}`);
console.log(`all steps took ${((performance.now() - started) / 1000).toFixed(0)} s`);
console.log(`${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`);
process.exitCode = failed.length > 0 || tests.failed > 0 ? 1 : 0;

async function attempt(name, program, args) {
  const succeeded = await step(name, program, args);
  if (!succeeded) failed.push(name);
  return succeeded;
}

async function runTests(only) {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-test-'));
  const report = join(folder, 'report.json');
  const reporters = [
    ...['--reporter=default', '--reporter=./test/conformance/table-reporter.ts'],
    ...['--reporter=json', `--outputFile.json=${report}`],
  ];
  try {
    await attempt('tests', bin('vitest'), ['run', ...reporters, ...only, ...process.argv.slice(2)]);
    count(JSON.parse(readFileSync(report, 'utf8')));
  } catch (thrown) {
    failed.push(`no report of the tests: ${thrown.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(report) {
  tests.passed = report.numPassedTests;
  tests.skipped = report.numPendingTests + report.numTodoTests;
  // A file that fails as a whole (its import, a hook) names no failed test of its own, yet is one.
  const whole = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  tests.failed = report.numFailedTests + whole.length;
}
