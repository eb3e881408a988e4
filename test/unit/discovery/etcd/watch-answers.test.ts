import type { IEvent, IWatchResponse } from 'etcd3';
import { expect, it } from 'vitest';
import { WatchAnswers } from '../../../../src/discovery/etcd/watch-answers.js';

function answer(said: Partial<IWatchResponse>): IWatchResponse {
  return {
    header: { cluster_id: '1', member_id: '1', revision: '7', raft_term: '2' },
    watch_id: '0',
    created: false,
    canceled: false,
    compact_revision: '0',
    cancel_reason: '',
    fragment: false,
    events: [],
    ...said,
  };
}

function event(revision: string): IEvent {
  const kv = {
    key: Buffer.from('k'),
    value: Buffer.from('v'),
    create_revision: '1',
    mod_revision: revision,
    version: '1',
    lease: '0',
  };
  return { type: 'Put', kv, prev_kv: kv };
}

it('knows a refusal that comes with the creation, and a compaction that gives no reason', () => {
  const answers = new WatchAnswers(1_000);
  expect(answers.read(answer({ created: true }))).toEqual({ is: 'created' });
  expect(answers.read(answer({ created: true, canceled: true, cancel_reason: 'permission denied' }))).toEqual(
    {
      is: 'refused',
      reason: 'permission denied',
    },
  );
  expect(answers.read(answer({ canceled: true, compact_revision: '5' }))).toEqual({
    is: 'compacted',
    revision: '5',
  });
  expect(answers.read(answer({}))).toEqual({ is: 'progress', revision: '7' });
});

it('puts fragments of a revision together, so that none of it counts before all of it is there', () => {
  const answers = new WatchAnswers(1_000);
  expect(answers.read(answer({ fragment: true, events: [event('7')] }))).toEqual({ is: 'fragment' });
  expect(answers.read(answer({ fragment: true, events: [event('7')] }))).toEqual({ is: 'fragment' });
  expect(answers.read(answer({ events: [event('7')] }))).toMatchObject({
    is: 'events',
    events: { length: 3 },
  });
  expect(answers.read(answer({ events: [event('8')] }))).toMatchObject({
    is: 'events',
    events: { length: 1 },
  });
});

it('gives up fragments that never end, and takes very many changes of one revision', () => {
  const answers = new WatchAnswers(1_000_000);
  const many = Array.from({ length: 300_000 }, () => event('7'));
  expect(answers.read(answer({ fragment: true, events: many }))).toEqual({ is: 'fragment' });
  expect(answers.read(answer({ events: [event('7')] }))).toMatchObject({ events: { length: 300_001 } });
  const fragment = answer({ fragment: true, events: many });
  expect(answers.read(fragment)).toEqual({ is: 'fragment' });
  expect(() => answers.read(fragment)).toThrowError(
    expect.objectContaining({ code: 'registry_bad_answer', message: expect.stringContaining('max_answer') }),
  );
});
