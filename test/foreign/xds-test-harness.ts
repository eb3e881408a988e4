import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PeerProcess } from '../peers/process.js';
import { HarnessAdapter } from './harness-adapter.js';
import type { Run, Suite } from './suite.js';

const VARIABLE = 'SIGNALBOX_XDS_TEST_HARNESS';
const VARIANTS = [
  'sotw non-aggregated',
  'sotw aggregated',
  'incremental non-aggregated',
  'incremental aggregated',
] as const;
type Variant = (typeof VARIANTS)[number];

/** https://github.com/ii/xds-test-harness, by a program that is there already: its module cannot be built as it is. */
export const xdsTestHarness: Suite = {
  key: 'xds-test-harness',
  name: 'xds-test-harness',
  columns: ['Variant', 'Scenarios', 'Steps', 'Steps passed', 'Steps failed'],
  async run(report) {
    const program = process.env[VARIABLE];
    if (program !== undefined && !existsSync(program))
      throw new Error(`${VARIABLE} names no file: ${program}`);
    // They wait for answers that must not come most of the time, so they run side by side.
    const runs = VARIANTS.map(async (variant) =>
      program === undefined ? notRun(variant) : await runVariant(program, variant).catch(failed(variant)),
    );
    for (const run of runs) report(await run);
  },
};

const EMPTY = ['', '', '', ''];

function failed(variant: Variant): (thrown: unknown) => Run {
  return (thrown) => ({ name: variant, passed: false, cells: EMPTY, reason: String(thrown) });
}

function notRun(variant: Variant): Run {
  const reason = `name its program, with its folder "features" beside it, by ${VARIABLE}`;
  return { name: variant, passed: undefined, cells: EMPTY, reason };
}

interface Results {
  readonly Total: number;
  readonly Passed: number;
  readonly Failed: number;
  readonly ResultsByVariant: readonly { readonly failedScenarios: readonly Failure[] | null }[];
}

interface Failure {
  readonly name: string;
  readonly failedStep: string;
  readonly error: string;
}

async function runVariant(program: string, variant: Variant): Promise<Run> {
  // It reads and writes in its working directory.
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-harness-'));
  cpSync(join(dirname(program), 'features'), join(folder, 'features'), { recursive: true });
  const adapter = new HarnessAdapter();
  const port = await adapter.listen();
  const harness = PeerProcess.start(
    'xds-test-harness',
    program,
    ['-V', variant, '-A', `:${port}`, '-T', `:${port}`, '-N', 'test-id'],
    { cwd: folder },
  );
  try {
    await harness.ended;
    const file = join(folder, 'results.json');
    if (harness.exitCode !== 0 || !existsSync(file))
      return { name: variant, passed: false, cells: EMPTY, reason: harness.output.slice(-2_000) };
    const results = JSON.parse(readFileSync(file, 'utf8')) as Results;
    const failures = results.ResultsByVariant.flatMap(({ failedScenarios }) => failedScenarios ?? []);
    const passed = results.Total > 0 && results.Passed === results.Total;
    return {
      name: variant,
      passed,
      cells: [scenariosIn(folder, variant), results.Total, results.Passed, results.Failed],
      ...(!passed && {
        reason: failures.map(({ name, failedStep, error }) => `${name}: ${failedStep}: ${error}`).join('\n'),
      }),
    };
  } finally {
    await harness.stop();
    await adapter.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An outline counts once for each of its examples. */
function scenariosIn(folder: string, variant: Variant): number {
  const file = join(folder, `${variant.replaceAll(' ', '-')}.json`);
  const features = JSON.parse(readFileSync(file, 'utf8')) as readonly {
    readonly elements?: readonly unknown[];
  }[];
  return features.reduce((sum, { elements = [] }) => sum + elements.length, 0);
}
