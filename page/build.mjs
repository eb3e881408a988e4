// The page of the admin API: one script, one style sheet, nothing from elsewhere.
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const to = new URL('../dist/admin/page/', import.meta.url);
mkdirSync(to, { recursive: true });
await build({
  entryPoints: [fileURLToPath(new URL('src/main.tsx', import.meta.url))],
  outfile: fileURLToPath(new URL('page.js', to)),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  // Preact is MIT: its notice goes where its code goes.
  legalComments: 'eof',
  logLevel: 'warning',
});
for (const file of ['index.html', 'page.css'])
  copyFileSync(new URL(file, import.meta.url), new URL(file, to));
