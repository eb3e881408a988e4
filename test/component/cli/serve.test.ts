import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../peers/eventually.js';
import type { PeerProcess } from '../../peers/process.js';
import { ended, lines, start } from './run.js';

let folder: string;
let path: string;
let running: PeerProcess;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'serve-'));
  path = join(folder, 'signalbox.yaml');
});
afterEach(async () => {
  await running.stop('SIGKILL');
  rmSync(folder, { recursive: true });
});

const write = (content: string) => {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
};
const serve = (script = '') => {
  running = start('test/component/cli/scripted-app.ts', script, path);
};
/** Waits for a line with these fields. */
const says = async (fields: Readonly<Record<string, unknown>>) =>
  await eventually(() => expect(lines(running)).toContainEqual(expect.objectContaining(fields)), 10_000);
const serving = async (script = '') => {
  write('admin: { listen: 127.0.0.1:9 }');
  serve(script);
  await says({ msg: 'serving', xds: '127.0.0.1:7', admin: '127.0.0.1:8' });
};

describe('serve', { timeout: 40_000 }, () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'starts, with the address of the flag, and ends on %s',
    async (signal) => {
      await serving();
      await says({ app: 'started with 7 and 9' });
      running.signal(signal);
      expect(await ended(running)).toBe(0);
      await says({ app: 'stopped' });
    },
  );

  test('loads a changed file again, keeps what runs when it is bad, and goes on with the next good one', async () => {
    await serving();
    write('auto_routes: true\nlistners: []\nroute: []');
    await says({ msg: 'the configuration is not valid: the running one stays' });
    await says({ level: 'error', file: path, line: 2, column: 1, path: 'listners' });
    await says({ level: 'error', line: 3, msg: 'unknown key, did you mean "routes"?' });
    expect(running.output).not.toContain('reloaded');
    write('auto_routes: true');
    await says({ app: 'reloaded with 7', auto_routes: true });
  });

  test('loads the file again on SIGHUP', async () => {
    await serving();
    running.signal('SIGHUP');
    await says({ app: 'reloaded with 7' });
  });

  test('goes on when the new configuration cannot be taken over', async () => {
    await serving('no-reload');
    running.signal('SIGHUP');
    await says({ msg: 'the configuration cannot be taken over: the listener cannot move' });
    running.signal('SIGTERM');
    expect(await ended(running)).toBe(0);
  });

  test('fails when it cannot start', async () => {
    write('auto_routes: false');
    serve('no-start');
    expect(await ended(running)).toBe(1);
    await says({ msg: 'cannot start: the port is taken' });
  });

  test('is cut off when it does not end', async () => {
    await serving('no-stop');
    running.signal('SIGTERM');
    expect(await ended(running)).toBe(1);
    await says({ msg: 'could not end in time: cut off' });
  });

  test('a second signal does not wait', async () => {
    await serving('no-stop');
    running.signal('SIGTERM');
    await says({ app: 'stopped' });
    running.signal('SIGINT');
    expect(await ended(running)).toBe(1);
    expect(running.output).not.toContain('cut off');
  });
});
