import { join } from 'node:path';
import { command, installed } from './cache.js';

/** The newest of each release line that had come out when this was written. */
const VERSIONS = { 22: '22.23.3', 24: '24.9.0' } as const;

/** The path of a Node of another release line, out of npm's package of it for this platform. */
export async function installNode(line: keyof typeof VERSIONS): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const version = VERSIONS[line];
  const folder = await installed(`${name}-${version}`, async (empty) => {
    await command('npm', ['install', '--prefix', empty, '--no-audit', '--no-fund', `${name}@${version}`]);
    await command(join(empty, 'node_modules', name, 'bin/node'), ['--version']);
  });
  return join(folder, 'node_modules', name, 'bin/node');
}
