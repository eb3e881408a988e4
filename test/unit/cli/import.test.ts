import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { signalbox } from '../../support/command.js';
import { HttpFake } from '../../support/http-fake.js';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-import-'));
const upstream = { nodes: { '127.0.0.1:80': 1 } };
const documents = {
  routes: [
    { id: 'fine', uri: '/a', upstream },
    { id: 'other', uri: '/b', upstream: { ...upstream, keepalive_pool: { size: 1 } } },
    { id: 'off', uri: '/c', status: 0 },
    { id: 'lua', uri: '/d', upstream, script: 'x', filter_func: 'y' },
  ],
  ssls: [{ id: 1, cert: 'x', key: 'y' }],
};
/** An Admin API as APISIX 3 has it; none can be installed here. */
const admin = new HttpFake((request, response) => {
  const name = request.url?.split('/').at(-1) ?? '';
  if (request.headers['x-api-key'] !== 'secret') return response.writeHead(401).end();
  if (!Object.hasOwn(documents, name)) return response.writeHead(404).end('{}');
  const list = documents[name as keyof typeof documents].map((value) => ({
    key: `/apisix/${name}/${value.id}`,
    value,
  }));
  return response.end(JSON.stringify({ total: list.length, list }));
});

beforeAll(() => admin.start());
afterAll(async () => {
  await admin.stop();
  rmSync(folder, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

const file = (content: object) => {
  const path = join(folder, 'apisix.json');
  writeFileSync(path, JSON.stringify(content));
  return path;
};

const TABLE = `DOCUMENT      CARRIED OVER  WHY
routes/fine   yes
routes/lua    no            "script" is not carried over
                            "filter_func" is not carried over
routes/off    disabled
routes/other  yes           differs: upstream: "keepalive_pool" says nothing here: Envoy keeps connections by its own rules
ssls/1        no            the certificate is no PEM
                            neither "sni" nor "snis" names a server

2 carried over, 2 not, 1 disabled
`;

test('a file: a table, and 1 where anything is not carried over', async () => {
  expect(await signalbox('import', 'apisix', file(documents))).toEqual({
    code: 1,
    stderr: '',
    stdout: TABLE,
  });
  const fine = await signalbox('import', 'apisix', file({ routes: documents.routes.slice(0, 1) }));
  expect(fine).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 carried over, 0 not, 0 disabled'),
  });
});

test('as JSON', async () => {
  const { code, stdout } = await signalbox('import', 'apisix', file(documents), '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ carried: 2, rejected: 2, disabled: 1 },
    documents: [
      { id: 'routes/fine', state: 'carried' },
      { id: 'routes/lua', state: 'rejected', reason: expect.any(String) },
      {},
      {},
      {},
    ],
  });
});

test('an Admin API, with its key', async () => {
  vi.stubEnv('APISIX_ADMIN_KEY', 'secret');
  expect(await signalbox('import', 'apisix', '--from', `${admin.url}/apisix/admin`)).toEqual({
    code: 1,
    stderr: '',
    stdout: TABLE,
  });
  vi.stubEnv('APISIX_ADMIN_KEY', 'wrong');
  const refused = await signalbox('import', 'apisix', '--from', `${admin.url}/apisix/admin`);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('registry_refused') });
  expect(refused.stderr).not.toContain('wrong');
});

test('what cannot be read, and wrong usage', async () => {
  const none = await signalbox('import', 'apisix', join(folder, 'none.yaml'));
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('none.yaml: cannot be read') });
  const broken = join(folder, 'apisix.yaml');
  writeFileSync(broken, 'routes: []');
  expect((await signalbox('import', 'apisix', broken)).stderr).toContain('it does not end in "#END"');
  for (const args of [
    ['kong', broken],
    ['apisix'],
    ['apisix', broken, '--from', 'http://a'],
    ['apisix', '--from', 'a'],
  ])
    expect(await signalbox('import', ...args)).toMatchObject({ code: 2, stdout: '' });
});
