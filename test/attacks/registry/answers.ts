import { createServer, type ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { freePort } from '../../peers/process.js';
import type { Attack, Stage, Strike } from '../attack.js';
import { aborted } from '../pace.js';

/** A registry whose server the attacker is. Until the attack nobody listens at its port. */
const stage = (options: (url: string) => Readonly<Record<string, unknown>>) => async (): Promise<Stage> => {
  const port = await freePort();
  return {
    config: { discovery: { hostile: options(`http://127.0.0.1:${port}`) } },
    given: { port: String(port) },
  };
};

const consulKv = stage((url) => ({ type: 'consul_kv', servers: [url] }));
const eureka = stage((url) => ({ type: 'eureka', host: [url], fetch_interval: 1 }));

const hostile =
  (answer: (response: ServerResponse, signal: AbortSignal) => Promise<void>): Strike =>
  async ({ given }, signal, tell) => {
    let asked = 0;
    tell(() => `${asked} requests of the server`);
    const server = createServer((_request, response) => {
      asked += 1;
      response.on('error', () => undefined);
      void answer(response, signal);
    });
    server.listen(Number(given.port), '127.0.0.1');
    await aborted(signal);
    server.closeAllConnections();
    server.close();
  };

const HEADERS = { 'content-type': 'application/json', 'x-consul-index': '1', 'x-consul-knownleader': 'true' };
const MEMBERS = 1_024;

/** Members of gzip one after the other are one file; each has a MiB of spaces. */
const inflates = hostile(async (response) => {
  const member = gzipSync(Buffer.alloc(2 ** 20, ' '));
  response.writeHead(200, { ...HEADERS, 'content-encoding': 'gzip' });
  response.end(Buffer.concat(Array.from({ length: MEMBERS }, () => member)));
});

const trickles = hostile(async (response, signal) => {
  response.writeHead(200, HEADERS);
  while (!signal.aborted && response.write(' ')) await setTimeout(1_000);
});

/** Spaces without end: a gigabyte or more, if the server takes it. */
const floods = hostile(async (response, signal) => {
  response.writeHead(200, HEADERS);
  const part = Buffer.alloc(2 ** 20, ' ');
  while (!signal.aborted && !response.destroyed) {
    if (!response.write(part))
      await Promise.race([new Promise((done) => response.once('drain', done)), setTimeout(500)]);
  }
});

const deep = hostile(async (response) => {
  response.writeHead(200, HEADERS);
  response.end(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`);
});

export const ANSWERS: readonly Attack[] = [
  { name: 'an answer of 1 MB of gzip that inflates to 1 GB (Consul KV)', stage: consulKv, strike: inflates },
  { name: 'an answer of 1 MB of gzip that inflates to 1 GB (Eureka)', stage: eureka, strike: inflates },
  { name: 'an answer without end (Consul KV)', stage: consulKv, strike: floods },
  { name: 'an answer of one byte a second (Consul KV)', stage: consulKv, strike: trickles },
  { name: 'an answer 1,000,000 deep (Consul KV)', stage: consulKv, strike: deep },
];
