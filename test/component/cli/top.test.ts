import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../peers/eventually.js';
import { freePort } from '../../peers/process.js';
import { ended, start } from './run.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const names = ['users'];
let admin: string;
const server = createServer((request, response) => {
  const services = names.map((name) => ({ name, instances: 1, filtered: 0, served_from: 'instances' }));
  const answers: Readonly<Record<string, object>> = {
    '/readyz': { status: 'ready' },
    '/services': { services },
    '/registries': { registries: [] },
    '/proxies': { proxies: [] },
    '/load?sort=requests': { services: [] },
  };
  response.end(JSON.stringify(answers[request.url ?? '']));
});

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  admin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** `signalbox top` on a terminal of its own, which `script` makes. */
function onTerminal(): { child: ChildProcess; screen: () => string; code: Promise<number | null> } {
  const top = `'${process.execPath}' --import tsx src/cli/main.ts top --interval 0.1 --admin ${admin}`;
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', top, '/dev/null'], {
    cwd: ROOT,
    stdio: 'pipe',
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  const code = new Promise<number | null>((done) => child.once('close', done));
  return { child, screen: () => text, code };
}

test.each([
  ['q', 'q'],
  ['Ctrl-C', '\u0003'],
])(
  'shows changes in place until %s, and leaves the terminal as it was',
  { timeout: 60_000 },
  async (_, key) => {
    const { child, screen, code } = onTerminal();
    try {
      await eventually(() => expect(screen()).toContain('users'), 30_000);
      const name = `new-${names.length}`;
      names.push(name);
      await eventually(() => expect(screen()).toContain(name), 30_000);
      expect(screen()).toContain('\u001b[?1049h');
      child.stdin?.write(key);
      expect(await code).toBe(0);
      expect(screen().trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    } finally {
      child.kill('SIGKILL');
    }
  },
);

test('an instance that goes away is shown as it was, and that it is away', { timeout: 60_000 }, async () => {
  const { child, screen, code } = onTerminal();
  try {
    await eventually(() => expect(screen()).toContain('users'), 30_000);
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await eventually(() => expect(screen()).toMatch(/AWAY: no Signalbox can be reached at 127/), 30_000);
    child.stdin?.write('q');
    expect(await code).toBe(0);
  } finally {
    child.kill('SIGKILL');
    if (!server.listening)
      await new Promise<void>((done) => server.listen(Number(admin.split(':')[1]), '127.0.0.1', done));
  }
});

test('where nobody looks it prints once and ends; without an instance it says so', {
  timeout: 60_000,
}, async () => {
  const once = start('src/cli/main.ts', 'top', '--admin', admin);
  expect(await ended(once)).toBe(0);
  expect(once.output).toContain('users');
  expect(once.output).not.toContain('\u001b');
  const port = await freePort();
  const nobody = start('src/cli/main.ts', 'top', '--once', '--admin', `127.0.0.1:${port}`);
  expect(await ended(nobody)).toBe(1);
  expect(nobody.output).toContain(`admin_unreachable: no Signalbox can be reached at 127.0.0.1:${port}`);
});
