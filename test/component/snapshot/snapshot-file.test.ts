import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeResource, type Resource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { readSnapshotFile, writeSnapshotFile } from '../../../src/snapshot/snapshot-file.js';
import { SnapshotKeeper } from '../../../src/snapshot/snapshot-keeper.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { eventually } from '../../peers/eventually.js';

let folder: string;
let path: string;
let log: { readonly msg: string }[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-snapshot-'));
  path = join(folder, 'snapshot');
  log = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const logger = pino({}, { write: (line) => log.push(JSON.parse(line)) });
const KEY = 'planted private key';
const of = (...names: readonly string[]): Resource[] =>
  names.flatMap((name) => [
    makeResource(TYPE_URL.cluster, name, Buffer.from(`cluster ${name}`), [name]),
    makeResource(TYPE_URL.endpoints, name, Buffer.from(`endpoints ${name}`), [], 5_000),
  ]);
const secret = makeResource(TYPE_URL.secret, 'tls', Buffer.from(KEY));

test('what is read is what was written, version and references and all, but for secrets', async () => {
  const snapshot = Snapshot.of([...of('a', 'ü/*'), secret]);
  await writeSnapshotFile(path, snapshot, 1_700_000_000_000);
  const read = readSnapshotFile(path);
  const expected = Snapshot.of(of('a', 'ü/*'));
  if (!('found' in read)) throw new Error('nothing was found');
  expect(read.at).toBe(1_700_000_000_000);
  expect(read.found.version).toBe(expected.version);
  for (const [typeUrl, set] of expected.sets)
    expect([...read.found.set(typeUrl).values()]).toEqual([...set.values()]);
  expect(readFileSync(path).includes(KEY)).toBe(false);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['snapshot']);
});

test('what proxies have accepted is kept for each group, also where it is not what is served', async () => {
  const [served, old, own] = ['a', 'b', 'own'].flatMap((name) => of(name).slice(0, 1));
  if (served === undefined || old === undefined || own === undefined) throw new Error('no resources');
  const snapshot = Snapshot.of([served, makeResource(TYPE_URL.cluster, 'b', Buffer.from('newer'))]);
  const accepted = [
    ['default', served],
    ['default', old],
    ['edge', own],
    ['edge', served],
    ['edge', secret],
  ] as const;
  await writeSnapshotFile(path, snapshot, 1, accepted);
  const read = readSnapshotFile(path);
  if (!('found' in read)) throw new Error('nothing was found');
  expect(read.found.version).toBe(snapshot.version);
  expect(read.accepted).toEqual(
    new Map([
      ['default', [served, old]],
      ['edge', [own, served]],
    ]),
  );
  expect(readFileSync(path).includes(KEY)).toBe(false);
});

test('what proxies accept is written, though what is served stays', async () => {
  let revision = '1';
  const [resource] = of('a');
  if (resource === undefined) throw new Error('no resource');
  const proxies = {
    get revision() {
      return revision;
    },
    accepted: () => (revision === '1' ? [] : [['default', resource] as const]),
  };
  const keeper = new SnapshotKeeper({ path, expire: 0 }, logger, Date.now, proxies);
  keeper.published(Snapshot.of(of('a')));
  await eventually(() => expect(readSnapshotFile(path)).toMatchObject({ accepted: new Map() }));
  revision = '2';
  keeper.accepted();
  await eventually(() =>
    expect(readSnapshotFile(path)).toMatchObject({ accepted: new Map([['default', [resource]]]) }),
  );
  await keeper.close();
  expect(new SnapshotKeeper({ path, expire: 0 }, logger).read()?.accepted.get('default')).toEqual([resource]);
});

test('a file that is not there is no damage, one that cannot be read is an error', () => {
  expect(readSnapshotFile(path)).toEqual({ missing: true });
  expect(() => readSnapshotFile(folder)).toThrow('is no regular file');
});

test('damage of any kind is found, and the file set aside', async () => {
  await writeSnapshotFile(path, Snapshot.of(of('a', 'b', 'c')), 1);
  const good = readFileSync(path);
  const damage = fc.oneof(
    fc.nat(good.length - 1).map((length) => good.subarray(0, length)),
    fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })).map(([place, change]) => {
      const bytes = Buffer.from(good);
      bytes[place] = (bytes[place] ?? 0) ^ change;
      return bytes;
    }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([good, bytes, Buffer.from([0])])),
    fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(damage, (bytes) => {
      writeFileSync(path, bytes);
      expect(readSnapshotFile(path)).toMatchObject({ damaged: expect.any(String), aside: `${path}.damaged` });
      expect(existsSync(path)).toBe(false);
      expect(readFileSync(`${path}.damaged`).equals(bytes)).toBe(true);
    }),
    { seed: 9, numRuns: 300 },
  );
});

test('10,000 services are written without holding anything else up for long', async () => {
  const body = Buffer.alloc(600, 'x');
  const resources = Array.from({ length: 10_000 }, (_, index) => [
    makeResource(TYPE_URL.cluster, `service-${index}`, body, [`service-${index}`]),
    makeResource(TYPE_URL.endpoints, `service-${index}`, body),
  ]).flat();
  const snapshot = Snapshot.of(resources);
  let turns = 0;
  const turn = setInterval(() => {
    turns += 1;
  }, 1);
  await writeSnapshotFile(path, snapshot, 1);
  clearInterval(turn);
  expect(statSync(path).size).toBeGreaterThan(12_000_000);
  // In one go there would be none.
  expect(turns).toBeGreaterThan(5);
  expect(readSnapshotFile(path)).toMatchObject({ at: 1, found: { version: snapshot.version } });
});

test('the keeper writes what is published, and at the end what is not written yet', async () => {
  const keeper = new SnapshotKeeper({ path, expire: 0 }, logger);
  keeper.published(Snapshot.of(of('a')));
  await eventually(() => expect(existsSync(path)).toBe(true));
  const last = Snapshot.of(of('a', 'b'));
  keeper.published(last);
  await keeper.close();
  expect(new SnapshotKeeper({ path, expire: 0 }, logger).read()?.snapshot.version).toBe(last.version);
  expect(log).toEqual([]);
});

test('a file that is too old is not read; one that cannot be written or was damaged is told of', async () => {
  await writeSnapshotFile(path, Snapshot.of(of('a')), 1_000);
  expect(new SnapshotKeeper({ path, expire: 500 }, logger, () => 1_501).read()).toBeUndefined();
  expect(log.map(({ msg }) => msg)).toEqual(['the snapshot file is older than "expire" and is not read']);
  expect(new SnapshotKeeper({ path, expire: 500 }, logger, () => 1_500).read()?.at).toBe(1_000);

  writeFileSync(path, 'no such thing');
  expect(new SnapshotKeeper({ path, expire: 0 }, logger).read()).toBeUndefined();
  expect(log.at(-1)?.msg).toMatch(/^snapshot file set aside: /);

  const nowhere = new SnapshotKeeper({ path: join(folder, 'none', 'file'), expire: 0 }, logger);
  nowhere.published(Snapshot.of(of('a')));
  await nowhere.close();
  expect(log.at(-1)?.msg).toMatch(/^the snapshot file cannot be written: ENOENT/);
});

test('what is served unchanged does not grow old', async () => {
  let now = 1_000;
  const keeper = new SnapshotKeeper({ path, expire: 500 }, logger, () => now);
  keeper.published(Snapshot.of(of('a')));
  await eventually(() => expect(existsSync(path)).toBe(true));
  now = 9_000;
  await eventually(() => expect(readSnapshotFile(path)).toMatchObject({ at: 9_000 }));
  await keeper.close();
});
