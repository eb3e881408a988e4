// npm run demo: from a fresh clone to an Envoy that follows a file. With `-- --once` it asks, checks and ends.
import { buildIfOld, installPackages } from './steps.mjs';

if ((await installPackages()) && (await buildIfOld())) {
  const { register } = await import('tsx/esm/api');
  register();
  await import('./demo/main.ts');
} else {
  process.exitCode = 1;
}
