// npm run test:versions: whether the supported versions of Envoy take everything that Signalbox makes, with a runtime that
// refuses deprecated fields. `npm test` asks the default version alone.
import { spawnSync } from 'node:child_process';
import { bin, root } from './steps.mjs';

const VERSIONS = ['1.36.2', '1.38.3', '1.40.0'];
const TESTS = ['strict-envoy', 'route-traffic', 'apisix-plugins', 'upstream-connections'];

for (const version of VERSIONS) {
  const install = spawnSync(bin('tsx'), ['test/peers/install-envoy.ts', version], {
    cwd: root,
    encoding: 'utf8',
  });
  const program = install.stdout.trim();
  if (install.status !== 0) throw new Error(`Envoy ${version} cannot be installed: ${install.stderr}`);
  console.log(`── Envoy ${version}: ${program}`);
  const files = TESTS.map((name) => `test/real/${name}.test.ts`);
  const { status } = spawnSync(bin('vitest'), ['run', '--project', 'real', ...files], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, SIGNALBOX_ENVOY: program },
  });
  if (status !== 0) process.exitCode = 1;
}
