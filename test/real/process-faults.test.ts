import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../peers/eventually.js';
import { readMetrics } from '../support/metrics-text.js';
import { Signalbox } from '../support/signalbox.js';

const DEFECTS = pathToFileURL(join(import.meta.dirname, '../support/planted-defects.mjs'));
const SECRET = 'planted-s3cret';
let signalbox: Signalbox;

afterEach(async () => await signalbox?.close());

async function start(workers: number): Promise<void> {
  signalbox = await Signalbox.start(
    {
      xds: { listen: '127.0.0.1:0', workers },
      admin: { listen: '127.0.0.1:0' },
      discovery: {
        file: { path: 'services.yaml' },
        consul: { type: 'consul', servers: ['http://127.0.0.1:9'], token: '${PLANTED_TOKEN}' },
      },
      startup_grace: '1s',
    },
    {
      before: (folder) => writeFileSync(join(folder, 'services.yaml'), '{"services": {}}'),
      env: { NODE_OPTIONS: `--import=${DEFECTS}`, PLANTED_TOKEN: SECRET, LC_PLANTED: 'kept' },
    },
  );
}

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly pid?: number;
  readonly worker?: number;
  readonly err?: { readonly message: string; readonly stack: string };
}

function lines(text: string): readonly Line[] {
  return signalbox.process.output
    .split('\n')
    .filter((line) => line.includes(text))
    .map((line) => JSON.parse(line));
}

async function rejections(): Promise<number | undefined> {
  const { body } = await request(`${signalbox.admin}/metrics`);
  return readMetrics(await body.text()).find(({ name }) => name === 'signalbox_unhandled_rejections_total')
    ?.value;
}

function workerPids(): readonly number[] {
  return lines('"worker serving"').map(({ pid = -1 }) => pid);
}

const REJECTION = 'a defect: nothing handled the rejection of a promise: planted [31m rejection';

test('the first process survives a rejection and ends with a clear last line after an exception', async () => {
  await start(0);
  expect(await rejections()).toBe(0);
  signalbox.process.signal('SIGUSR2');
  await eventually(async () => expect(await rejections()).toBe(1));
  await eventually(() => expect(lines('planted')).toHaveLength(1));
  const [line] = lines('planted');
  expect(line).toMatchObject({ level: 'error', msg: REJECTION, err: { message: 'planted [31m rejection' } });
  expect(line?.err?.stack).toMatch(/^Error: planted \[31m rejection\n {4}at .*planted-defects\.mjs/);
  expect(await signalbox.status('/readyz')).toBe(200);

  signalbox.process.signal('SIGPWR');
  await eventually(() =>
    expect(lines('planted warning')).toMatchObject([
      { level: 'warn', msg: 'the process warns: planted warning', err: { type: 'Warning' } },
    ]),
  );

  signalbox.process.signal('SIGALRM');
  await signalbox.process.ended;
  expect(signalbox.process.exitCode).toBe(1);
  expect(JSON.parse(signalbox.process.output.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    level: 'fatal',
    msg: 'a defect ends the process: planted exception',
    err: { type: 'Error', stack: expect.stringContaining('planted-defects.mjs') },
  });
});

test('so does a worker, which is started again, and which does not know the secrets', async () => {
  await start(2);
  const environment = (pid: number) => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  expect(environment(signalbox.process.pid)).toContain(`PLANTED_TOKEN=${SECRET}`);
  const [first = -1, second = -1] = workerPids();
  for (const pid of [first, second]) {
    expect(environment(pid).join('\n')).not.toContain(SECRET);
    expect(environment(pid)).toContain('LC_PLANTED=kept');
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(SECRET);
  }

  process.kill(first, 'SIGUSR2');
  process.kill(second, 'SIGUSR2');
  await eventually(async () => expect(await rejections()).toBe(2));
  await eventually(() =>
    expect(lines('planted').map(({ msg, worker = 0 }) => [msg, worker])).toEqual(
      expect.arrayContaining([
        [REJECTION, 1],
        [REJECTION, 2],
      ]),
    ),
  );

  process.kill(first, 'SIGALRM');
  await eventually(() => expect(lines('a worker has ended')).toMatchObject([{ pid: first, code: 1 }]));
  expect(lines('planted exception')).toMatchObject([
    { level: 'fatal', msg: 'a defect ends the process: planted exception', worker: expect.any(Number) },
  ]);
  await eventually(() => expect(workerPids()).toHaveLength(3), 20_000);
  // What it had counted is not lost.
  await eventually(async () => expect(await rejections()).toBe(2));
  for (const pid of workerPids().slice(2)) expect(environment(pid).join('\n')).not.toContain(SECRET);
});
