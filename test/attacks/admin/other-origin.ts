import { setTimeout } from 'node:timers/promises';
import { request } from 'undici';
import type { Attack, Strike } from '../attack.js';

const EVIL = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' };
/** A page of another site, by its own name and by this server's address. */
const PAGES = [{ ...EVIL, host: 'evil.example' }, EVIL];

const REQUESTS = [
  ['GET', '/services'],
  ['GET', '/config_dump'],
  ['GET', '/events'],
  ['POST', '/registries/etcd/release'],
  ['POST', '/unpin'],
] as const;

const otherOrigin: Strike = async ({ admin }, signal, tell) => {
  const outcomes = new Set<string>();
  const wrong = new Set<string>();
  tell(() => ({
    text: [...outcomes].join('; '),
    wrong: wrong.size === 0 ? undefined : `not refused: ${[...wrong].join(', ')}`,
  }));
  while (!signal.aborted) {
    for (const headers of PAGES)
      for (const [method, path] of REQUESTS) {
        const { statusCode, headers: answer, body } = await request(`${admin}${path}`, { method, headers });
        body.on('error', () => undefined).destroy();
        const readable = answer['access-control-allow-origin'] !== undefined;
        outcomes.add(`${method} ${path} ${statusCode}${readable ? ', readable there' : ''}`);
        if (statusCode < 400 || readable) wrong.add(`${method} ${path}`);
      }
    await setTimeout(5);
  }
};

export const OTHER_ORIGIN: readonly Attack[] = [
  { name: 'admin API from another origin', strike: otherOrigin },
];
