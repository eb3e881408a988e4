import { resolve } from 'node:path';
import { expect } from 'vitest';
import { eventually } from '../../peers/eventually.js';
import { PeerProcess } from '../../peers/process.js';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Starts a TypeScript program of the project, by its path from the project's root. */
export function start(program: string, ...args: readonly string[]): PeerProcess {
  const options = ['--import', 'tsx', resolve(ROOT, program), ...args];
  return PeerProcess.start(program, process.execPath, options, { cwd: ROOT });
}

/** The exit code, once the program has ended. */
export async function ended(program: PeerProcess): Promise<number | null> {
  await eventually(() => expect(program.running).toBe(false), 20_000);
  return program.exitCode;
}

/** The JSON lines that the program has written so far. */
export function lines(program: PeerProcess): readonly unknown[] {
  const whole = program.output.split('\n').slice(0, -1);
  return whole.map((line) => JSON.parse(line));
}
