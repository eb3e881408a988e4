import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readStandalone } from '../../../src/documents/apisix/standalone.js';
import { DocumentSet } from '../../../src/documents/document-set.js';
import { FileStore } from '../../../src/documents/file-store.js';
import { eventually } from '../../peers/eventually.js';
import { RecordingSink } from '../../support/recording-sink.js';

const route = (uri: string) => `
routes:
  - uri: ${uri}
    upstream: { nodes: { "127.0.0.1:80": 1 } }
`;

describe('the text of an apisix.yaml', () => {
  test('lists by folder; a document without an id has its place', () => {
    const text =
      'routes:\n  - { id: r, uri: /${{A}} }\n  - { uri: /b }\nconsumers:\n  - { username: jack }\nupstreams: []\n#END\n';
    expect([...(readStandalone(text, { A: 'x' }).documents ?? [])]).toEqual([
      ['routes/r', '{"id":"r","uri":"/x"}'],
      ['routes/arr_2', '{"uri":"/b"}'],
      ['consumers/jack', '{"username":"jack"}'],
    ]);
  });

  test("variables of a request are none of the environment's", () => {
    const text = 'routes:\n  - { id: r, plugins: { redirect: { uri: "https://${{A}}${uri}" } } }\n#END\n';
    expect([...(readStandalone(text, { A: 'x' }).documents ?? [])]).toEqual([
      ['routes/r', '{"id":"r","plugins":{"redirect":{"uri":"https://x${uri}"}}}'],
    ]);
  });

  test('an apisix.json has no end mark', () => {
    expect([...(readStandalone('{"routes":[{"id":1}]}', {}).documents ?? [])]).toEqual([
      ['routes/1', '{"id":1}'],
    ]);
  });

  test.each<[string, string, string]>([
    ['without the end mark', 'routes: []\n', 'it does not end in "#END"'],
    ['no YAML', 'routes: [\n#END', 'line 2, column 5'],
    ['no object', '[]\n#END', 'it is no object'],
    ['a variable that is not set', 'routes: ["${{NONE}}"]\n#END', 'the environment variable NONE is not set'],
    ['too deep', `a: ${'['.repeat(100)}${']'.repeat(100)}\n#END`, 'nested deeper than'],
    ['aliases without end', 'a: &a [*a]\n#END', ''],
  ])('%s', (_, text, error) => {
    const read = readStandalone(text, {});
    expect(read.documents).toBeUndefined();
    expect(read.error).toContain(error);
  });
});

describe('a file as a source of documents', () => {
  let folder: string;
  let file: string;
  let life: AbortController;
  let sink: RecordingSink;
  let documents: DocumentSet;
  let running: Promise<void>;

  const write = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const paths = () => documents.routes().flatMap(({ rules }) => rules.map(({ match }) => match.path));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'signalbox-apisix-'));
    file = join(folder, 'apisix.yaml');
    write(`${route('/a')}#END\n`);
    life = new AbortController();
    sink = new RecordingSink();
    documents = new DocumentSet();
    const options = {
      type: 'apisix_file' as const,
      path: file,
      keyring: [],
      max_answer: 1_000_000,
      service_template: '',
      skip_services: [],
    };
    const store = new FileStore('routes_from.apisix_file', options, {
      logger: pino({ level: 'silent' }),
      documents,
    });
    running = store.run(sink, life.signal);
  });

  afterEach(async () => {
    life.abort();
    await running;
    rmSync(folder, { recursive: true });
  });

  test('its routes and nodes, as they change; a file that is being written changes nothing', async () => {
    expect(paths()).toEqual(['/a']);
    expect(sink.services.get('apisix/route/arr_1')?.instances).toMatchObject([
      { host: '127.0.0.1', port: 80 },
    ]);
    write(route('/b'));
    await eventually(async () => expect(sink.errors.at(-1)?.message).toContain('it does not end in "#END"'));
    expect(paths()).toEqual(['/a']);
    write(`${route('/b')}#END`);
    await eventually(async () => expect(paths()).toEqual(['/b']));
    write('routes: []\n#END');
    await eventually(async () => expect(paths()).toEqual([]));
    expect(sink.services.size).toBe(0);
    rmSync(file);
    await eventually(async () => expect(sink.errors.at(-1)?.code).toBe('registry_unreachable'));
  });
});
