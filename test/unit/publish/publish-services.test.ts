import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { publishServices } from '../../../src/publish/publish-services.js';
import { SnapshotCache } from '../../../src/snapshot/cache.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { eventually } from '../../peers/eventually.js';
import { stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

const life = new AbortController();
afterEach(() => life.abort());

test('a source that throws is logged and run again, costs no other source, and loses nothing', async () => {
  const log: { readonly level: number; readonly registry?: string; readonly msg: string }[] = [];
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line)) });
  const cache = new SnapshotCache();
  const [bad, good] = [new ScriptedSource('bad'), new ScriptedSource('good')];
  const published = publishServices({ sources: [bad, good], cache, group: 'g', signal: life.signal, logger });
  const clusters = () =>
    [...(cache.getSnapshot('g')?.set(TYPE_URL.cluster).values() ?? [])].map(({ name }) => name).sort();
  for (const source of [bad, good]) {
    source.sink.set({ service: source.registry }, stateOf('10.0.0.1:80'));
    source.sink.synced();
  }
  await published;
  bad.break(new TypeError('a defect'));
  await eventually(() => expect(bad.runs).toBe(2));
  expect(log).toMatchObject([{ level: 50, registry: 'bad', msg: expect.stringContaining('a defect') }]);
  good.sink.set({ service: 'more' }, stateOf('10.0.0.2:80'));
  good.sink.synced();
  await eventually(() => expect(clusters()).toEqual(['bad', 'good', 'more']));
  expect(good.runs).toBe(1);
});
