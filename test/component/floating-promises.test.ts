import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const LINT = [
  'package.json',
  'eslint.config.js',
  'tsconfig.json',
  'tsconfig.lint.json',
  'page/tsconfig.json',
];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-lint-'));
  mkdirSync(join(folder, 'page'));
  for (const file of LINT) cpSync(join(ROOT, file), join(folder, file));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const FLOATING = `import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
export class Planted {
  readonly #field = pause(1);
  constructor(private readonly work: { run(): Promise<void> }, private readonly other?: { run(): Promise<void> }) {}
  async #own(): Promise<void> {}
  floats(): void {
    this.#own();
    this.work.run();
    this.other?.run();
    this.#field.then(() => 1);
    rm('x');
    if (Math.random() > 2) pause(1);
  }
  misused(signal: AbortSignal): void {
    globalThis.setTimeout(() => this.work.run(), 1);
    signal.addEventListener('abort', async () => await this.#own());
    [1].forEach(async () => await this.#own());
    const callback: () => void = () => this.#own();
    callback();
  }
  handled(report: (thrown: unknown) => void): void {
    this.#own().catch(report);
    this.#own().then(() => 1, report);
  }
}
`;
const VOID = `export async function run(): Promise<void> {}
void run();
`;

/** What \`npm run lint:promises\` says: the rules that are broken, by file and line. */
function lint(): readonly string[] {
  for (const place of ['src', 'test', 'scripts', 'bench', 'proto', 'page/src']) {
    for (const [name, text] of [
      ['planted.ts', FLOATING],
      ['ignored.ts', VOID],
    ] as const) {
      const file = join(folder, place, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
  writeFileSync(join(folder, 'scripts/planted.mjs'), 'async function run() {}\nrun();\n');
  const { status, stdout } = spawnSync('npm', ['run', '--silent', 'lint:promises', '--', '--format=json'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  const results: readonly {
    readonly filePath: string;
    readonly messages: readonly { readonly ruleId: string; readonly line: number }[];
  }[] = JSON.parse(stdout);
  return results.flatMap(({ filePath, messages }) =>
    messages.map(
      ({ ruleId, line }) => `${filePath.slice(folder.length + 1)}:${line} ${ruleId.split('/')[1]}`,
    ),
  );
}

test('the lint fails on every promise that floats, and on every async function in place of a callback', () => {
  const planted = (place: string, floating = [8, 9, 10, 11, 12, 13], misused = [16, 17, 18, 19]) => [
    ...floating.map((line) => `${place}/planted.ts:${line} no-floating-promises`),
    ...misused.map((line) => `${place}/planted.ts:${line} no-misused-promises`),
  ];
  expect([...lint()].sort()).toEqual(
    [
      ...['src', 'test', 'scripts', 'bench', 'proto'].flatMap((place) => planted(place)),
      // The types of Node are not known there.
      ...planted('page/src', [8, 9, 10], [17, 18, 19]),
      'scripts/planted.mjs:2 no-floating-promises',
      // Elsewhere a rejection fails the run.
      'src/ignored.ts:2 no-floating-promises',
      'page/src/ignored.ts:2 no-floating-promises',
    ].sort(),
  );
}, 60_000);
