import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signalbox } from '../../support/command.js';

let folder: string;
let script: string;

async function printed(...args: readonly string[]): Promise<string> {
  const { code, stdout } = await signalbox(...args);
  expect(code).toBe(0);
  return stdout;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  script = join(folder, 'signalbox.bash');
  writeFileSync(script, await printed('completion', 'bash'));
  writeFileSync(join(folder, 'my signalbox.yaml'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a real bash offers after these words, the last of which is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const program = `source "$1"; shift
    COMP_WORDS=(signalbox "$@"); COMP_CWORD=$#
    compopt() { :; }
    _signalbox
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-euc', program, 'bash', script, ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  return output.split('\n').filter((word) => word !== '');
}

test('bash completes commands, options, values and files', () => {
  expect(offered('')).toEqual(expect.arrayContaining(['serve', 'top', 'completion', '--version']));
  expect(offered('pro')).toEqual(['proxies']);
  expect(offered('serve', '--log-')).toEqual(['--log-level', '--log-format']);
  expect(offered('bootstrap', '--mode', '')).toEqual(['delta', 'sotw']);
  expect(offered('load', '--sort', 'e')).toEqual(['errors']);
  expect(offered('completion', 'f')).toEqual(['fish']);
  expect(offered('serve', '-c', 'my')).toEqual(['my signalbox.yaml']);
  expect(offered('services', '--admin', '')).toEqual([]);
  expect(offered('nonsense', '')).toEqual(expect.arrayContaining(['serve']));
});

test('bash takes it as its own completion', () => {
  const registered = execFileSync('bash', ['-euc', 'source "$1"; complete -p signalbox', 'bash', script]);
  expect(registered.toString()).toBe('complete -F _signalbox signalbox\n');
});

test('zsh and fish are told every command and option', async () => {
  const [zsh, fish] = [await printed('completion', 'zsh'), await printed('completion', 'fish')];
  for (const command of ['serve', 'validate', 'bootstrap', 'top', 'explain', 'release', 'completion']) {
    expect(zsh).toContain(`    ${command}) _arguments `);
    expect(fish).toContain(`complete -c signalbox -n __fish_use_subcommand -a ${command} `);
  }
  expect(zsh).toContain("'--mode[state of the world, or only what changed]:value:(delta sotw)'");
  expect(fish).toContain("-l mode -x -a 'delta sotw'");
  expect(fish).toContain("where Envoy\\'s own admin listens");
});
