import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { json } from './json.js';

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
] as const;

/** Nothing from elsewhere, nothing inline, no frames around it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** The page and its files; they hold no data, so they need no token. @param folder where the build has put them */
export function pageRoutes(folder: URL): Hono {
  const app = new Hono();
  for (const [path, file, type] of FILES)
    app.get(path, (c) => {
      const body = content(new URL(file, folder));
      if (body === undefined) return json(c, { error: 'the page is not built: npm run build' }, 404);
      return c.body(body, 200, { 'content-type': type, 'content-security-policy': POLICY });
    });
  return app;
}

function content(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
