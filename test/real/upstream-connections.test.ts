import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type Server as NetServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { credentials, makeClientConstructor, Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation, service as healthService } from 'grpc-health-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Backend } from '../peers/backend.js';
import { Certificates } from '../peers/certificates.js';
import { eventually } from '../peers/eventually.js';
import { FileLab } from '../support/file-lab.js';

const NAME = 'backend.internal';
let one: Backend;
let kept: Backend;
let certificates: Certificates;
let servers: readonly NetServer[];
let grpcServer: Server;
let health: HealthImplementation;
let lab: FileLab;

/** Starts a server on a free port of the loopback. @returns its port */
async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

beforeAll(async () => {
  [one, kept, certificates] = await Promise.all([
    Backend.start('one'),
    Backend.start('kept'),
    Certificates.make([NAME]),
  ]);
  const pair = {
    cert: readFileSync(certificates.server.cert),
    key: readFileSync(certificates.server.key),
    ca: readFileSync(certificates.ca),
  };
  const mutual = createHttps(
    { ...pair, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const { servername } = request.socket as TLSSocket & { servername?: string };
      response.writeHead(200, { 'x-service': `sni ${String(servername)}` }).end();
    },
  );
  const http2 = createSecureServer(pair, (request, response) => {
    response.writeHead(200, { 'x-service': `HTTP ${request.httpVersion}` });
    response.end();
  });
  const https = createHttps({ cert: pair.cert, key: pair.key }, (_request, response) => {
    response.writeHead(200, { 'x-service': 'https' }).end();
  });
  const silent = createTcp((socket) => socket.on('error', () => undefined));
  servers = [mutual, http2, silent, https];
  const [mutualPort = 0, http2Port = 0, silentPort = 0, httpsPort = 0] = await Promise.all(
    servers.map(listen),
  );

  grpcServer = new Server();
  health = new HealthImplementation({ '': 'SERVING', web: 'NOT_SERVING' });
  health.addToServer(grpcServer);
  const grpcPort = await new Promise<number>((done, fail) =>
    grpcServer.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? done(port) : fail(error),
    ),
  );

  const at = (port: number, more: object = {}) => [{ host: '127.0.0.1', port, ...more }];
  const identity = { ca: certificates.ca, ...certificates.client };
  lab = await FileLab.start({
    instances: {
      mutual: at(mutualPort),
      stranger: at(mutualPort),
      anonymous: at(mutualPort),
      address: at(mutualPort),
      http2: at(http2Port),
      silent: at(silentPort),
      asking: at(httpsPort, { metadata: { secure: 'true' } }),
      mixed: [...at(httpsPort, { secure: true }), ...at(one.port, { metadata: { secure: 'false' } })],
      trusting: [...at(httpsPort, { metadata: { scheme: 'https' } }), ...at(one.port)],
      doubting: at(httpsPort, { metadata: { 'ssl-enabled': 'true' } }),
      overruled: at(one.port, { secure: true }),
      modern: at(http2Port, { metadata: { protocol: 'grpcs' } }),
      narrow: at(one.port),
      budget: at(one.port),
      unbudgeted: at(one.port),
      kept: at(kept.port),
      plain: at(one.port),
      grpc: at(grpcPort, { metadata: { protocol: 'grpc' } }),
      checked: at(grpcPort),
      named: [{ host: 'localhost', port: one.port }],
    },
    policies: {
      mutual: { tls: { ...identity, sni: NAME, san: [NAME] } },
      stranger: { tls: { ...identity, sni: NAME, san: ['other.internal'] } },
      anonymous: { tls: { ca: certificates.ca, sni: NAME } },
      address: { tls: { ...identity, san: ['127.0.0.1'] } },
      http2: { tls: { ca: certificates.ca, san: [NAME] }, protocol: 'http2' },
      trusting: { tls: { when: 'secure', ca: certificates.ca, san: [NAME] } },
      doubting: { tls: { when: 'secure', ca: certificates.ca, san: ['other.internal'] } },
      overruled: { tls: false },
      silent: { tls: {}, connect_timeout: '300ms' },
      narrow: { circuit_breakers: { max_connections: 1, max_pending_requests: 1, track_remaining: true } },
      budget: { circuit_breakers: { retry_budget: { percent: 0, min_concurrency: 0 } } },
      kept: { tcp_keepalive: { keepalive_probes: 3, keepalive_time: 600, keepalive_interval: 30 } },
      checked: {
        health_check: {
          grpc: { service_name: 'web' },
          interval: '200ms',
          unhealthy_threshold: 1,
          healthy_threshold: 1,
        },
      },
      named: { dns_refresh_rate: '200ms', dns_lookup_family: 'V4_ONLY' },
    },
    routes: [
      { match: { prefix: '/grpc.health.v1.Health/' }, service_name: 'grpc' },
      ...['budget', 'unbudgeted'].map((name) => ({
        match: { prefix: `/retried/${name}/` },
        service_name: name,
        retries: { attempts: 3, on: ['5xx'] },
      })),
    ],
  });
  await eventually(async () => expect(await lab.answers('/plain/')).toEqual(['one']), 30_000);
});

afterAll(async () => {
  await lab?.close();
  grpcServer?.forceShutdown();
  for (const server of servers ?? []) server.close();
  await Promise.all([one, kept].map((backend) => backend?.close()));
  certificates?.remove();
});

describe('TLS to the instances', () => {
  test('with a certificate of its own, the name asked for and the name checked', async () => {
    expect(await lab.traffic.get('/mutual/')).toMatchObject({ status: 200, service: `sni ${NAME}` });
  });

  test('the address as the name checked', async () => {
    expect((await lab.traffic.get('/address/')).status).toBe(200);
  });

  test('fails where the certificate has another name', async () => {
    expect((await lab.traffic.get('/stranger/')).status).toBe(503);
    expect(await lab.stat('stranger', 'ssl.fail_verify_san')).toBeGreaterThan(0);
  });

  test('fails without a certificate of its own where one is asked for', async () => {
    expect((await lab.traffic.get('/anonymous/')).status).toBe(503);
  });

  test('speaks HTTP/2 where that is said', async () => {
    expect(await lab.traffic.get('/http2/')).toMatchObject({ status: 200, service: 'HTTP 2.0' });
  });

  test('for the instances that ask for it, beside others that do not', async () => {
    expect(await lab.answers('/asking/')).toEqual(['https']);
    expect(await lab.answers('/mixed/')).toEqual(['https', 'one']);
    expect(await lab.traffic.get('/modern/')).toMatchObject({ status: 200, service: 'HTTP 2.0' });
  });

  test('checks certificates where a CA is configured', async () => {
    expect(await lab.answers('/trusting/')).toEqual(['https', 'one']);
    expect(await lab.answers('/doubting/')).toEqual(['503']);
    expect(await lab.stat('doubting', 'ssl.fail_verify_san')).toBeGreaterThan(0);
  });

  test('none, where the configuration says so', async () => {
    expect(await lab.answers('/overruled/')).toEqual(['one']);
  });

  test.each([
    [
      'asking',
      'TLS is spoken to 1 of 1 instances, which ask for it (secure=true); their certificates are not checked',
    ],
    [
      'mixed',
      'TLS is spoken to 1 of 2 instances, which ask for it (secure=true); their certificates are not checked',
    ],
    [
      'trusting',
      'TLS is spoken to 1 of 2 instances, which ask for it (scheme=https); their certificates are checked',
    ],
    [
      'overruled',
      'TLS is spoken to none, as the configuration says; 1 of 1 instances ask for it (secure=true)',
    ],
  ])('of %s is explained', async (name, remark) => {
    const { services } = await lab.signalbox.get<{ services: readonly { remarks: readonly string[] }[] }>(
      `/explain?q=${name}`,
    );
    expect(services[0]?.remarks.join()).toContain(remark);
  });

  test('gives up after connect_timeout, its handshake included', async () => {
    expect((await lab.traffic.get('/silent/')).status).toBe(503);
    expect(await lab.stat('silent', 'upstream_cx_connect_timeout')).toBeGreaterThan(0);
  });
});

test('circuit breakers turn away what is more than they let through', async () => {
  one.delay = 500;
  const counts = await lab.traffic.count('/narrow/', 8);
  one.delay = 0;
  expect(counts[503] ?? 0).toBeGreaterThan(0);
  expect(counts.one ?? 0).toBeGreaterThan(0);
  expect(await lab.stat('narrow', 'upstream_rq_pending_overflow')).toBe(counts[503]);
  expect(await lab.stat('narrow', 'circuit_breakers.default.remaining_cx')).toBe(0);
});

test('a retry budget of nothing leaves no retry', async () => {
  one.status = 500;
  const reached = async (name: string) => {
    const before = one.requests;
    expect((await lab.traffic.get(`/retried/${name}/`)).status).toBe(500);
    return one.requests - before;
  };
  expect(await reached('budget')).toBe(1);
  expect(await lab.stat('budget', 'upstream_rq_retry_overflow')).toBe(1);
  expect(await reached('unbudgeted')).toBe(4);
  one.status = 200;
});

test('TCP keep-alive is on for the connections of a service that asks for it', async () => {
  expect((await lab.traffic.get('/kept/')).service).toBe('kept');
  expect((await lab.traffic.get('/plain/')).service).toBe('one');
  // The columns of /proc/net/tcp: local and remote address, state (01: established), queues, timer (02: keep-alive).
  const timers = (port: number) =>
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , remote, state]) => remote?.endsWith(`:${hex(port)}`) === true && state === '01')
      .map(([, , , , , timer]) => timer?.slice(0, 2));
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  await eventually(() => {
    expect(timers(kept.port).length).toBeGreaterThan(0);
    expect(new Set(timers(kept.port))).toEqual(new Set(['02']));
    expect(timers(one.port).length).toBeGreaterThan(0);
    expect(new Set(timers(one.port))).toEqual(new Set(['00']));
  });
});

test('gRPC through Envoy to instances whose metadata say protocol: grpc', async () => {
  const Health = makeClientConstructor(healthService, 'Health');
  const client = new Health(`127.0.0.1:${lab.traffic.port}`, credentials.createInsecure());
  const status = await new Promise<unknown>((done, fail) => {
    const check = client.check?.bind(client);
    check?.({ service: '' }, (error: Error | null, answer: { status: unknown }) =>
      error === null ? done(answer.status) : fail(error),
    );
  });
  client.close();
  expect(status).toBe('SERVING');
});

test('a health check by gRPC asks for the service that is named', async () => {
  await lab.until('checked', 'membership_healthy', 0);
  health.setStatus('web', 'SERVING');
  await lab.until('checked', 'membership_healthy', 1);
});

test('a host name is resolved again and again, in the family that is said', async () => {
  expect((await lab.traffic.get('/named/')).service).toBe('one');
  const before = await lab.stat('named', 'update_attempt');
  await eventually(async () => expect(await lab.stat('named', 'update_attempt')).toBeGreaterThan(before + 3));
  expect(await lab.envoy.get('/clusters')).toContain(`named::127.0.0.1:${one.port}::`);
});

test('Envoy rejected nothing of all this', async () => {
  expect(await lab.rejected()).toEqual([]);
});
