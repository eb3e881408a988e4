import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';

const PROGRAM = resolve(import.meta.dirname, 'log-program.ts');
const COMMAND = [process.execPath, '--import', 'tsx', PROGRAM];
let child: ChildProcess;

afterEach(() => void child.kill('SIGKILL'));

/** @param through by what its output goes: `cat` makes it a pipe of the shell, which is another thing than Node's */
function start(through?: string) {
  const [node = '', ...args] = COMMAND;
  const started =
    through === undefined
      ? spawn(node, args)
      : spawn('sh', ['-c', `{ "$@"; echo "ended $?" >&2; } | ${through}`, 'sh', ...COMMAND]);
  child = started;
  return started;
}

test('every line is written, in order, also those of the last moment', async () => {
  for (const through of [undefined, 'cat']) {
    const { stdin, stdout } = start(through);
    let text = '';
    stdout.setEncoding('utf8');
    stdout.on('data', (part: string) => {
      if (text === '') stdin.write('5000');
      text += part;
    });
    await once(child, 'close');
    const lines = text.trimEnd().split('\n');
    const numbers = lines.map((line) => (JSON.parse(line) as { line: number }).line);
    expect(numbers).toEqual(Array.from({ length: 5_001 }, (_, index) => index));
  }
});

test('a reader that is gone does not keep the process from its end', async () => {
  const { stdin, stdout } = start();
  await once(stdout, 'data');
  stdout.destroy();
  await once(stdout, 'close');
  stdin.write('1');
  expect(await once(child, 'exit')).toEqual([3, null]);
});

test('neither does one that does not read', async () => {
  const { stdin, stdout } = start();
  stdout.once('data', () => stdout.pause());
  await once(stdout, 'data');
  stdin.write('5000');
  expect(await once(child, 'exit')).toEqual([3, null]);
});

test('nor one behind a pipe that does not read', async () => {
  const { stdin, stderr } = start('{ head -c 10 >&2; exec sleep 60; }');
  await once(stderr, 'data');
  let text = '';
  stderr.on('data', (part) => (text += part));
  stdin.write('5000');
  await expect.poll(() => text, { timeout: 15_000 }).toContain('ended 3');
});
