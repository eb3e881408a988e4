import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileOptions } from '../../../../src/discovery/file/options.js';
import { createFileSource } from '../../../../src/discovery/file/source.js';
import { eventually } from '../../../peers/eventually.js';
import { RecordingSink } from '../../../support/recording-sink.js';

const content = (services: object) => JSON.stringify({ services });
const at = (host: string) => [{ host, port: 1 }];

let folder: string;
let path: string;
let life: AbortController;
let sink: RecordingSink;
let running: Promise<unknown>;

const run = (name = 'services.yaml') => {
  const [source] = createFileSource('local', fileOptions.parse({ type: 'file', path: join(folder, name) }));
  running = Promise.resolve(source?.run(sink, life.signal));
};
const served = async (hosts: readonly string[]) => {
  await eventually(() => {
    expect(sink.addresses('web')).toEqual(hosts.map((host) => `${host}:1`));
    expect(sink.healthy).toBe(true);
  });
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-file-'));
  path = join(folder, 'services.yaml');
  life = new AbortController();
  sink = new RecordingSink();
});

afterEach(async () => {
  life.abort();
  await running;
  rmSync(folder, { recursive: true });
});

test('follows an edit in place and a file renamed into place', async () => {
  writeFileSync(path, content({ web: at('a') }));
  run();
  await served(['a']);
  writeFileSync(path, content({ web: at('b') }));
  await served(['b']);
  writeFileSync(`${path}.new`, content({ web: at('c') }));
  renameSync(`${path}.new`, path);
  await served(['c']);
});

test('follows the swap of a symlink to its folder', async () => {
  for (const name of ['one', 'two']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'services.yaml'), content({ web: at(name) }));
  }
  symlinkSync('one', join(folder, 'data'));
  run('data/services.yaml');
  await served(['one']);
  symlinkSync('two', join(folder, 'data.new'));
  renameSync(join(folder, 'data.new'), join(folder, 'data'));
  await served(['two']);
});

test('a deleted file is a failure that keeps the last good; made again, it counts', async () => {
  writeFileSync(path, content({ web: at('a') }));
  run();
  await served(['a']);
  rmSync(path);
  await eventually(() => expect(sink.errors).toMatchObject([{ code: 'registry_unreachable' }]));
  expect(sink.addresses('web')).toEqual(['a:1']);
  writeFileSync(path, content({ web: at('a') }));
  await served(['a']);
  expect(sink.sets).toBe(1);
});

test('a file that is not there yet is a failure until it comes', async () => {
  run();
  expect(sink.errors).toMatchObject([{ code: 'registry_unreachable' }]);
  writeFileSync(path, content({ web: at('a') }));
  await served(['a']);
});

test('a broken edit keeps the last good and says where', async () => {
  writeFileSync(path, 'services:\n  web:\n    - { host: a, port: 1 }\n');
  run();
  await served(['a']);
  writeFileSync(path, 'services:\n  web:\n    - { host: a, port: 1\n');
  await eventually(() => expect(sink.healthy).toBe(false));
  expect(sink.errors).toMatchObject([{ code: 'registry_bad_answer' }]);
  expect(sink.errors[0]?.message).toContain(`${path}: line 4, column 1`);
  expect(sink.addresses('web')).toEqual(['a:1']);
});

test('one bad instance costs itself alone', async () => {
  writeFileSync(path, content({ web: [...at('a'), { host: 'b', port: 'x' }, ...at('a')], api: at('c') }));
  run();
  await served(['a']);
  expect(sink.addresses('api')).toEqual(['c:1']);
  expect(sink.services.get('web')?.filtered.map(({ reason }) => reason)).toEqual(['bad_port', 'duplicate']);
});

test('sets what changed alone; a service that is gone is gone, an empty one is there', async () => {
  writeFileSync(path, content({ web: at('a'), api: at('b'), old: at('c') }));
  run();
  await served(['a']);
  const before = sink.sets;
  writeFileSync(path, content({ api: [], web: at('a') }));
  await eventually(() => expect(sink.addresses('old')).toBeUndefined());
  expect(sink.addresses('api')).toEqual([]);
  expect(sink.sets - before).toBe(2);
});
