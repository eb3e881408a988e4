import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, installed, present } from './cache.js';
import { unpackMissingDebianPackages } from './debian.js';

const LIBRARIES = ['x86_64', 'aarch64'].flatMap((machine) => {
  const folder = `usr/lib/${machine}-linux-gnu`;
  return [folder, `${folder}/pulseaudio`, `${folder}/blas`, `${folder}/lapack`, `lib/${machine}-linux-gnu`];
});

/** A Chromium to run, with the environment that it needs. */
export interface ChromiumProgram {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * `SIGNALBOX_CHROMIUM`, else the one on PATH, else Debian's, unpacked beside the system together with the libraries and
 * fonts that the system does not have.
 */
export async function installChromium(): Promise<ChromiumProgram> {
  const given = present('SIGNALBOX_CHROMIUM', 'chromium');
  if (given !== undefined) return { path: given, env: {} };
  const suite = codename();
  const folder = await installed(`chromium-${suite}`, async (empty) => {
    await unpackMissingDebianPackages(empty, suite, ['chromium', 'fonts-dejavu-core', 'fontconfig-config']);
    const program = programIn(empty);
    writeFonts(empty);
    await command(program.path, ['--version'], { env: { ...process.env, ...program.env } });
  });
  return programIn(folder);
}

function programIn(folder: string): ChromiumProgram {
  const libraries = LIBRARIES.map((path) => join(folder, path)).filter((path) => existsSync(path));
  return {
    path: join(folder, 'usr/lib/chromium/chromium'),
    env: {
      LD_LIBRARY_PATH: [...libraries, process.env.LD_LIBRARY_PATH ?? ''].filter(Boolean).join(':'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    },
  };
}

function writeFonts(folder: string): void {
  const cache = join(folder, 'font-cache');
  mkdirSync(cache, { recursive: true });
  const folders = [join(folder, 'usr/share/fonts'), '/usr/share/fonts'].map((path) => `<dir>${path}</dir>`);
  writeFileSync(
    join(folder, 'fonts.conf'),
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>${folders.join('')}<cachedir>${cache}</cachedir></fontconfig>\n`,
  );
}

/** The suite that this machine runs, since its own libraries are used where it has them. */
function codename(): string {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const found = /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1];
  if (found === undefined || !/^ID=debian$/m.test(text))
    throw new Error('only on Debian it can be installed: name one by SIGNALBOX_CHROMIUM');
  return found;
}
