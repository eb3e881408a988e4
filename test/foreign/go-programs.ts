import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, installed, onPath } from '../peers/cache.js';

const SOURCE = join(import.meta.dirname, 'go');
const MODULE = 'github.com/envoyproxy/go-control-plane';

/** The programs that the Go module in `go/` builds, in the cache of peers. */
export interface GoPrograms {
  /** go-control-plane's integration test, as its authors wrote it. */
  readonly integration: string;
  /** Our program around go-control-plane's client. */
  readonly ratelimitClient: string;
  /** The Envoy bootstrap of a mode that go-control-plane's integration test uses. */
  bootstrap(mode: string): string;
}

/** Builds the programs once for each state of `go/`; `go.sum` pins what they consist of. */
export async function installGoPrograms(): Promise<GoPrograms> {
  if (onPath('go') === undefined)
    throw new Error('there is no program "go" on PATH: install Go 1.25 or newer');
  const folder = await installed(`foreign-go-${stateOf(SOURCE)}`, async (empty) => {
    const go = async (...args: readonly string[]) => await command('go', args, { cwd: SOURCE });
    await go('build', '-o', join(empty, 'integration'), `${MODULE}/pkg/test/main`);
    await go('build', '-o', join(empty, 'ratelimit-client'), './ratelimit-client');
    const module = (await go('list', '-m', '-f', '{{.Dir}}', MODULE)).trim();
    cpSync(join(module, 'sample'), join(empty, 'sample'), { recursive: true });
    copyFileSync(join(module, 'LICENSE'), join(empty, 'LICENSE'));
  });
  return {
    integration: join(folder, 'integration'),
    ratelimitClient: join(folder, 'ratelimit-client'),
    bootstrap: (mode) => readFileSync(join(folder, 'sample', `bootstrap-${mode}.yaml`), 'utf8'),
  };
}

function stateOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (/\.(go|mod|sum)$/.test(name)) hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 12);
}
