import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../peers/eventually.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const DEFECTS = pathToFileURL(join(ROOT, 'test/support/planted-defects.mjs'));
const services = Array.from({ length: 20_000 }, (_, index) => ({
  ...{ name: `service-${index}`, registries: ['local'], instances: 1, filtered: 0 },
  served_from: 'instances',
}));
let admin: string;
/** Answers one path only. */
const server = createServer(({ url }, response) => {
  if (url === '/services') response.end(JSON.stringify({ services }));
});

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  admin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** What a script of Bash prints, in which \`signalbox\` is the program. */
async function bash(script: string, env: Readonly<Record<string, string>> = {}) {
  const program = `signalbox() { '${process.execPath}' --import tsx src/cli/main.ts "$@"; }`;
  const child = spawn('bash', ['-c', `${program}\n${script}`], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (part) => (text[name] += part));
  const [code] = await once(child, 'close');
  return { code, ...text };
}

test('a reader that has seen enough is no error, of the output nor of the errors', async () => {
  const asked = `signalbox services --admin ${admin}`;
  expect(await bash(`${asked} | head -1; echo "ended \${PIPESTATUS[0]}"`)).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^SERVICE .*\nended 0\n$/),
    stderr: '',
  });
  expect(
    await bash(`signalbox explain --nonsense 2>&1 >/dev/null | true; echo "ended \${PIPESTATUS[0]}"`),
  ).toEqual({
    ...{ code: 0, stdout: 'ended 2\n', stderr: '' },
  });
});

test('an output that cannot be written is an error', async () => {
  const { code, stderr } = await bash(`signalbox services --admin ${admin} >/dev/full`);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^cannot write the output: ENOSPC.*\n$/),
  });
});

test('a control plane goes on when nobody reads its errors any more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-errors-'));
  const file = join(folder, 'signalbox.yaml');
  writeFileSync(file, 'xds: { listen: 127.0.0.1:0 }\nadmin: { listen: 127.0.0.1:0 }\n');
  const args = ['--import', 'tsx', `--import=${DEFECTS}`, 'src/cli/main.ts', 'serve', '-c', file];
  const child = spawn(process.execPath, args, { cwd: ROOT });
  try {
    let log = '';
    child.stdout.on('data', (part) => (log += part));
    await eventually(() => expect(log).toContain('"msg":"serving"'), 20_000);
    child.stderr.destroy();
    await once(child.stderr, 'close');
    for (let turn = 0; turn < 3; turn += 1) {
      child.kill('SIGIO');
      child.kill('SIGHUP');
      await eventually(() => expect(log.split('configuration reloaded')).toHaveLength(turn + 2));
    }
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});

test('a defect of a command is one line, and no stack', async () => {
  const env = { NODE_OPTIONS: `--import=${DEFECTS}`, PLANTED: 'rejection' };
  expect(await bash(`signalbox proxies --admin ${admin}`, env)).toEqual({
    code: 1,
    stdout: '',
    stderr: 'signalbox: a defect ends the process: planted [31m rejection\n',
  });
});
