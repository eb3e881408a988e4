import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { command } from '../peers/cache.js';

const root = resolve(import.meta.dirname, '../..');

/** This package as its users have it: packed, and installed into a folder outside the repository. */
export class InstalledPackage {
  private constructor(
    readonly folder: string,
    /** What is in the tarball. */
    readonly packed: { readonly bytes: number; readonly files: readonly string[] },
  ) {}

  static async make(): Promise<InstalledPackage> {
    if (!existsSync(join(root, 'dist/index.js'))) await command('npm', ['run', 'build'], { cwd: root });
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-package-'));
    const packing = ['--json', '--ignore-scripts', '--loglevel=silent', '--pack-destination', folder];
    const told: unknown = JSON.parse(await command('npm', ['pack', ...packing], { cwd: root }));
    const [packed] = (Array.isArray(told) ? told : Object.values(Object(told))) as readonly {
      readonly filename: string;
      readonly size: number;
      readonly files: readonly { readonly path: string }[];
    }[];
    if (packed === undefined) throw new Error('npm pack told nothing');
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    await retried(() =>
      command(
        'npm',
        [
          ...[
            'install',
            '--prefer-offline',
            '--no-audit',
            '--no-fund',
            '--ignore-scripts',
            '--no-package-lock',
          ],
          join(folder, packed.filename),
        ],
        { cwd: folder },
      ),
    );
    return new InstalledPackage(folder, {
      bytes: packed.size,
      files: packed.files.map(({ path }) => path),
    });
  }

  /** Puts files of the repository into the folder and compiles all that is in it as a user with strict settings would. */
  async compile(...files: readonly string[]): Promise<void> {
    for (const file of files) cpSync(join(root, file), join(this.folder, file.split('/').at(-1) ?? file));
    const compilerOptions = {
      target: 'ES2022',
      module: 'NodeNext',
      lib: ['ES2023'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
    };
    writeFileSync(join(this.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    await command(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', this.folder]);
  }

  /** Puts a file into the folder; @returns its path */
  write(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Installs over the network do fail. */
async function retried(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (thrown) {
      if (attempt === 3) throw thrown;
    }
  }
}
