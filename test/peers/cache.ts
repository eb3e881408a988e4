import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const root = resolve(process.env.SIGNALBOX_PEER_CACHE || resolve(import.meta.dirname, '../../.cache/peers'));

/**
 * The folder of a peer, installed once: `install` fills an empty folder and is tried up to three times, since
 * installs over the network do fail. Runs of several processes wait for one another.
 * @param name the peer with its version, such as `envoy-1.40.0`
 */
export async function installed(name: string, install: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(root, name);
  const done = join(folder, '.installed');
  if (existsSync(done)) return folder;
  mkdirSync(root, { recursive: true });
  const release = await lock(join(root, `${name}.lock`));
  try {
    for (let attempt = 1; !existsSync(done); attempt += 1) {
      process.stderr.write(`peer ${name}: installing${attempt > 1 ? `, attempt ${attempt}` : ''} …\n`);
      const started = Date.now();
      try {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true });
        await install(folder);
        writeFileSync(done, '');
        process.stderr.write(`peer ${name}: installed in ${Math.round((Date.now() - started) / 1000)} s\n`);
      } catch (thrown) {
        if (attempt === 3)
          throw new Error(`peer ${name} cannot be had: ${thrown instanceof Error ? thrown.message : thrown}`);
        await setTimeout(attempt * 2_000);
      }
    }
  } finally {
    release();
  }
  return folder;
}

/** Runs a program to its end; what it printed is in the error when it fails. */
export async function command(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  return await new Promise((done, fail) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0) done(output);
      else fail(new Error(`${program} ${args.join(' ')} ended with ${code}: ${output.trim().slice(-2_000)}`));
    });
  });
}

/** The path of a program that is there already: the one that an environment variable names, else PATH's. */
export function present(variable: string, program: string): string | undefined {
  const named = process.env[variable];
  if (named !== undefined && !existsSync(named)) throw new Error(`${variable} names no file: ${named}`);
  return named ?? onPath(program);
}

export function onPath(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(':').filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

async function lock(path: string): Promise<() => void> {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch {
      if (existsSync(path) && !alive(holder(path))) rmSync(path, { force: true });
      await setTimeout(200);
    }
  }
}

function holder(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return 0;
  }
}

/** A lock whose holder is not written yet counts as held. */
function alive(pid: number): boolean {
  try {
    return pid === 0 || process.kill(pid, 0);
  } catch {
    return false;
  }
}
