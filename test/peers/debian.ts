import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './cache.js';

const SOURCES = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];

/**
 * Unpacks packages of another Debian suite into `folder`, beside the system: apt gets lists and a cache of its own,
 * so that neither root nor a change of the machine's packages is needed.
 */
export async function unpackDebianPackages(
  folder: string,
  suite: string,
  packages: readonly string[],
): Promise<void> {
  await unpack(folder, suite, async () => packages.map((name) => `${name}/${suite}`));
}

/** The same of the machine's own suite, with everything that they need and the machine does not have. */
export async function unpackMissingDebianPackages(
  folder: string,
  suite: string,
  packages: readonly string[],
): Promise<void> {
  await unpack(folder, suite, async (options) => {
    const simulation = ['-s', '--no-install-recommends', 'install', ...packages];
    const said = await command('apt-get', [...options, ...simulation]);
    return [...said.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm)].map(
      ([, name, version]) => `${name}=${version}`,
    );
  });
}

async function unpack(
  folder: string,
  suite: string,
  wanted: (options: readonly string[]) => Promise<readonly string[]>,
): Promise<void> {
  const apt = join(folder, '.apt');
  const debs = join(apt, 'debs');
  for (const path of ['lists/partial', 'cache/archives/partial', 'debs'])
    mkdirSync(join(apt, path), { recursive: true });
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(join(apt, 'sources.list'), `deb [signed-by=${keys}] ${mirror()} ${suite} main\n`);
  const options = [
    `Dir::Etc::sourcelist=${join(apt, 'sources.list')}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
  ].flatMap((option) => ['-o', option]);
  await command('apt-get', [...options, 'update']);
  await command('apt-get', [...options, 'download', ...(await wanted(options))], { cwd: debs });
  for (const deb of readdirSync(debs)) await command('dpkg-deb', ['-x', join(debs, deb), folder]);
  rmSync(apt, { recursive: true, force: true });
}

/** The archive that this machine takes its own packages from. */
function mirror(): string {
  const text = SOURCES.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'));
  const found = /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(https?:\S+\/debian\/?)(?:\s|$)/m.exec(text.join('\n'));
  if (found?.[1] === undefined) throw new Error('apt names no Debian archive to take the package from');
  return found[1];
}
