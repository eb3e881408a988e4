import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createProgram } from '../../../src/cli/command-line.js';
import { freePort } from '../../peers/process.js';
import { signalbox } from '../../support/command.js';

/** What the admin API answers: path → status and body. */
let answers: Readonly<Record<string, readonly [status: number, body: unknown]>> = {};
let admin = '';
const server = createServer((request, response) => {
  const [status, body] = answers[request.url ?? ''] ?? [404, { error: `there is no ${request.url}` }];
  response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
});

beforeEach(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  admin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

const lines = (...text: readonly string[]) => text.map((line) => `${line}\n`).join('');

describe('services', () => {
  const services = [
    { name: 'users', registries: ['consul', 'local'], instances: 12, filtered: 1, served_from: 'instances' },
    { name: 'evil\u001b[2J', registries: [], instances: 0, filtered: 0, served_from: 'nothing' },
  ];

  test('a table, in which nothing steers the terminal', async () => {
    answers = { '/services': [200, { services }] };
    expect(await signalbox('services', '--admin', admin)).toEqual({
      code: 0,
      stderr: '',
      stdout: lines(
        'SERVICE   INSTANCES  FILTERED  SERVED FROM  REGISTRIES',
        'users     12         1         instances    consul, local',
        'evil [2J  0          0         nothing',
      ),
    });
  });

  test('those whose query fails are named below', async () => {
    const failing = Array.from({ length: 12 }, (_, at) => ({
      ...services[0],
      name: `a\u001b${at}`,
      failing: 1,
    }));
    answers = { '/services': [200, { services: failing }] };
    const { stdout } = await signalbox('services', '--admin', admin);
    const names = Array.from({ length: 10 }, (_, at) => `"a\\u001b${at}"`).join(', ');
    expect(stdout.split('\n').slice(-3)).toEqual([
      '',
      `Failing: ${names} and 2 more. signalbox explain NAME tells why.`,
      '',
    ]);
  });

  test('--json prints the answer as it is', async () => {
    answers = { '/services': [200, { services }] };
    const { code, stdout } = await signalbox('services', '--json', '--admin', admin);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ services });
  });

  test('the address may come from the environment', async () => {
    vi.stubEnv('SIGNALBOX_ADMIN_LISTEN', admin);
    answers = { '/services': [200, { services: [] }] };
    expect(await signalbox('services')).toEqual({ code: 0, stderr: '', stdout: 'There are no services.\n' });
  });
});

test('proxies: a row for each stream, and what they refuse', async () => {
  const type = (status: string, rejected: readonly object[] = []) => ({ status, rejected });
  const refused = { resource: 'users', version: 'abc', message: 'no\nsuch thing' };
  const proxy = {
    node: { id: 'edge-1', cluster: 'edge' },
    peer: '10.0.0.1:5',
    variant: 'delta',
    connected_since: '2026-01-02T00:00:00.000Z',
    types: { CDS: type('ERROR', [refused]), EDS: type('SYNCED') },
  };
  answers = { '/proxies': [200, { proxies: [proxy] }] };
  expect(await signalbox('proxies', '--admin', admin)).toEqual({
    code: 0,
    stderr: '',
    stdout: lines(
      'NODE    CLUSTER  PEER        VARIANT  CONNECTED SINCE           CDS    EDS     LDS  RDS',
      'edge-1  edge     10.0.0.1:5  delta    2026-01-02T00:00:00.000Z  ERROR  SYNCED  -    -',
      '',
      'edge-1 refuses CDS users abc: no such thing',
    ),
  });
});

describe('explain', () => {
  const place = { registry: 'consul', server: 'http://c:8500' };
  const proxy = (node: string, status: string, message?: string) => ({
    node,
    status,
    ...(message !== undefined && { refused: { version: 'v1', message } }),
  });
  const service = {
    name: 'users',
    registries: ['consul'],
    routed: true,
    remarks: [],
    served_from: 'instances',
    instances: [{ address: '10.0.0.1:80', weight: 2, remarks: ['odd'], ...place }],
    filtered: [{ address: '10.0.0.2:80', reason: 'status', detail: 'status is "down"', ...place }],
    held: [],
    failing: [],
    release: { pinned: null, quarantined: [], inconsistent: [], rollout: null },
    resources: [
      {
        type: 'CDS',
        name: 'users',
        version: 'v1',
        proxies: [
          ...['a', 'b', 'c', 'd', 'e', 'f'].map((node) => proxy(node, 'SYNCED')),
          proxy('g', 'STALE'),
          proxy('h', 'ERROR', 'users: no'),
        ],
      },
    ],
  };

  test('tells the whole story of a service', async () => {
    answers = { '/explain?q=us%2Fers': [200, { query: 'us/ers', services: [service], routes: [] }] };
    expect(await signalbox('explain', 'us/ers', '--admin', admin)).toEqual({
      code: 0,
      stderr: '',
      stdout: lines(
        'users: known to consul, named by a route, served from its instances',
        '',
        'INSTANCE     WEIGHT  REGISTRY  SERVER         REMARKS',
        '10.0.0.1:80  2       consul    http://c:8500  odd',
        '',
        'NOT SERVED   REASON  REGISTRY  SERVER         DETAIL',
        '10.0.0.2:80  status  consul    http://c:8500  status is "down"',
        '',
        'TYPE  RESOURCE  VERSION  ACKNOWLEDGED BY           WAITING  REFUSED',
        'CDS   users     v1       a, b, c, d, e and 1 more  g        h',
        '',
        'h refused CDS users v1: users: no',
      ),
    });
  });

  test('where the query of a service fails, and what is served meanwhile', async () => {
    const failing = [
      { ...place, code: 'registry_bad_answer', message: 'status 500', since: '2026-01-01T00:00:00.000Z' },
      { ...place, code: 'service_name_invalid', message: 'left out', since: '2026-01-01T00:00:00.000Z' },
    ];
    answers = { '/explain?q=users': [200, { services: [{ ...service, failing }], routes: [] }] };
    const { stdout } = await signalbox('explain', 'users', '--admin', admin);
    expect(stdout.split('\n').slice(2, 4)).toEqual([
      'failing at consul since 2026-01-01T00:00:00.000Z: status 500; its last good state is kept',
      'failing at consul since 2026-01-01T00:00:00.000Z: left out',
    ]);
  });

  test('a service without anything', async () => {
    const bare = {
      ...service,
      registries: [],
      instances: [],
      filtered: [],
      held: [],
      release: { pinned: null, quarantined: [], inconsistent: [], rollout: null },
      resources: [],
      served_from: 'nothing',
    };
    answers = { '/explain?q=users': [200, { services: [bare], routes: [] }] };
    expect((await signalbox('explain', 'users', '--admin', admin)).stdout).toBe(
      lines(
        'users: known to no registry, named by a route, served from nothing: Envoy answers 503',
        '',
        'Not published yet.',
      ),
    );
  });

  test('what is not known is a failure', async () => {
    answers = { '/explain?q=x': [404, { error: 'no registry knows "x"' }] };
    expect(await signalbox('explain', 'x', '--admin', admin)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'no registry knows "x"\n',
    });
  });
});

describe('load', () => {
  const rates = {
    requests_per_second: 10.2,
    error_share: 0.5,
    in_progress: 0.4,
    latency_ms: null,
    dropped_per_second: 0,
  };
  const row = (
    total: number,
    errors: number,
    last_1m: object | null = rates,
    latency_ms: number | null = null,
  ) => ({
    last_1m,
    last_5m: last_1m && { ...rates, latency_ms },
    total: { requests: total, errors, dropped: 0, metrics: {} },
  });

  test('all services', async () => {
    const services = [
      { service: 'users', instances: 1, ...row(30, 15, rates, 40) },
      { service: 'new', instances: 0, ...row(1, 0, null) },
    ];
    answers = { '/load?sort=errors': [200, { services }] };
    expect(await signalbox('load', '--admin', admin)).toEqual({
      code: 0,
      stderr: '',
      stdout: lines(
        'SERVICE  REQ/S  ERRORS  IN PROGRESS  LATENCY  DROPPED/S  REQUESTS  OF THEM ERRORS',
        'users    10.2   50.0%   0.4          ~40 ms   0          30        15',
        'new      -      -       -            -        -          1         0',
      ),
    });
    answers = { '/load?sort=latency': [200, { services: [] }] };
    const { stdout } = await signalbox('load', '--sort', 'latency', '--admin', admin);
    expect(stdout).toBe('No proxy has reported any traffic.\n');
  });

  test('the instances of one', async () => {
    const users = { service: 'us/ers', ...row(30, 15), instances: [{ address: '[::1]:80', ...row(30, 15) }] };
    answers = { '/load/us%2Fers?sort=errors': [200, users] };
    const { stdout } = await signalbox('load', 'us/ers', '--admin', admin);
    expect(stdout).toBe(
      lines(
        'INSTANCE  REQ/S  ERRORS  IN PROGRESS  LATENCY  DROPPED/S  REQUESTS  OF THEM ERRORS',
        '(all)     10.2   50.0%   0.4          -        0          30        15',
        '[::1]:80  10.2   50.0%   0.4          -        0          30        15',
      ),
    );
  });
});

describe('diff', () => {
  const names = (...all: readonly string[]) => ({ count: all.length, names: all });
  const diff = {
    back: 1,
    from: { version: 'v1' },
    to: { version: 'v2', at: '2026-01-02T00:00:00.000Z' },
    changes: { EDS: { added: names('a'), changed: names('b', 'c'), removed: names() } },
  };

  test('names by type', async () => {
    answers = { '/snapshots?back=1': [200, { snapshots: [], diff }] };
    expect(await signalbox('diff', '--admin', admin)).toEqual({
      code: 0,
      stderr: '',
      stdout: lines(
        'v1 → v2, the last change, until 2026-01-02T00:00:00.000Z',
        '',
        'TYPE  CHANGE   NAME',
        'EDS   added    a',
        'EDS   changed  b',
        'EDS   changed  c',
      ),
    });
  });

  test('--back looks further', async () => {
    answers = { '/snapshots?back=3': [200, { diff: { ...diff, back: 3, changes: {} } }] };
    const { stdout } = await signalbox('diff', '--back', '3', '--admin', admin);
    expect(stdout).toBe(
      lines('v1 → v2, the last 3 changes, until 2026-01-02T00:00:00.000Z', '', 'Nothing differs.'),
    );
  });

  test('before anything is published', async () => {
    answers = { '/snapshots?back=1': [200, { diff: null }] };
    expect((await signalbox('diff', '--admin', admin)).stdout).toBe('Nothing has been published yet.\n');
  });
});

const EVIL = 'a\u001b[2J\u009b31m\u202e\nb';

test('whatever an instance says, nothing steers the terminal', async () => {
  const restored = { written: EVIL, file: EVIL, waiting_for: [EVIL] };
  const released = { restored, pinned: EVIL, rollout: null, inconsistent: [], quarantined: [] };
  const services = [{ name: EVIL, registries: [EVIL], instances: 1, filtered: 0, served_from: EVIL }];
  answers = {
    '/release': [200, released],
    '/services': [200, { services }],
    '/explain?q=x': [404, { error: EVIL }],
    '/proxies': [200, { proxies: EVIL }],
  };
  for (const command of [['status'], ['services'], ['services', '--json'], ['explain', 'x'], ['proxies']]) {
    const { stdout, stderr } = await signalbox(...command, '--admin', admin);
    expect(stdout + stderr).toMatch(/^[\n\x20-\x7e]+$/);
  }
  const { stdout } = await signalbox('services', '--json', '--admin', admin);
  expect(JSON.parse(stdout)).toEqual({ services });
});

describe('what goes wrong', () => {
  const commands = [
    ...[['services'], ['proxies'], ['top'], ['top', '--once'], ['explain', 'x'], ['diff']],
    ...[['load'], ['load', 'x'], ['status'], ['rollback', 'v1'], ['unpin'], ['release', 'local']],
  ];

  test('every command that asks is among them', () => {
    const silent = { write: () => true };
    const program = createProgram({ stdout: silent, stderr: silent }, async () => {
      throw new Error('nothing is started');
    });
    const asking = program.commands
      .filter(
        ({ options }) =>
          options.some(({ long }) => long === '--admin') && options.some(({ long }) => long === '--json'),
      )
      .map((command) => command.name());
    expect(new Set(asking)).toEqual(new Set(commands.map(([name]) => name)));
  });

  test.each(commands)('%s: an instance that cannot be reached', async (...command) => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const { code, stdout, stderr } = await signalbox(...command, '--admin', nobody);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`admin_unreachable: no Signalbox can be reached at ${nobody}: `);
  });

  test.each([
    [200, '<html>'],
    [500, '<html>'],
    [502, { message: 'bad gateway' }],
  ])('something else answers: %s %j', async (status, body) => {
    answers = { '/services': [status, body] };
    expect(await signalbox('services', '--admin', admin)).toEqual({
      code: 1,
      stdout: '',
      stderr: `admin_unreachable: what answers at ${admin} is no admin API of Signalbox: HTTP ${status}\n`,
    });
  });

  test.each([
    [['services', '--admin', '18001'], 'expected an address such as'],
    [['services', '--admin', '127.0.0.1:0'], 'expected a port above 0'],
    [['load', '--sort', 'name'], 'errors, requests, latency'],
    [['top', '--interval', '0'], 'expected a number of seconds above 0'],
    [['completion', 'csh'], 'bash, zsh, fish'],
    [['explain'], "missing required argument 'what'"],
    [['diff', '--back', '0'], 'expected a whole number above 0'],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stdout, stderr } = await signalbox(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test.each(commands)('%s --help', async (...[name = '']) => {
    const { code, stdout } = await signalbox(name, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: signalbox ${name} [options]`);
    expect(stdout).toContain('SIGNALBOX_ADMIN_LISTEN');
  });
});
