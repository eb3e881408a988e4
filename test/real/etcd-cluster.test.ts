import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';
import { runEtcd } from '../support/etcd-source.js';
import type { RunningSource } from '../support/running-source.js';

let members: readonly Etcd[] = [];

beforeAll(async () => {
  members = await Etcd.startCluster(3);
});
afterAll(async () => {
  await Promise.all(members.map(async (member) => await member.close()));
});

async function leader(): Promise<Etcd> {
  return await eventually(async () => {
    for (const member of members) if (member.process.running && (await member.leads())) return member;
    throw new Error('nobody leads');
  });
}

/** All members, `first` before the others. */
function endpointsFrom(first: Etcd): string[] {
  return [first, ...members.filter((member) => member !== first)].map(({ url }) => url);
}

/** Writes through a member that takes it. */
async function put(through: readonly Etcd[], key: string, value: unknown): Promise<void> {
  await eventually(async () => {
    let last: unknown;
    for (const member of through) {
      try {
        await member.client.put(key, value);
        return;
      } catch (thrown) {
        last = thrown;
      }
    }
    throw last;
  });
}

async function whileRunning(source: RunningSource, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } finally {
    await source.stop();
  }
}

describe('a cluster of three', () => {
  it('goes on within 5 s when the leader that we watch is killed, without a loss', async () => {
    const killed = await leader();
    const source = runEtcd({ endpoints: endpointsFrom(killed), prefix: '/s/' });
    await whileRunning(source, async () => {
      await killed.client.put('/s/before/10.0.0.1:80', {});
      await eventually(() => expect(source.sink.services.size).toBe(1));
      await killed.stop();
      // Until then a write hangs in etcd itself.
      const { client } = await leader();
      for (let n = 0; n < 50; n += 1) await client.put(`/s/after/10.0.0.${n}:80`, {});
      await eventually(() => expect(source.sink.services.get('after')?.instances).toHaveLength(50), 5_000);
      expect(source.sink.sets).toBeLessThanOrEqual(51);
    });
    await killed.start();
  });

  it('uses the next member when the first is frozen, and keeps what is good without a quorum', async () => {
    const first = await leader();
    const [second, third] = members.filter((member) => member !== first);
    if (second === undefined || third === undefined) throw new Error('not three members');
    const source = runEtcd({ endpoints: endpointsFrom(first), prefix: '/q/' });
    await whileRunning(source, async () => {
      const { sink } = source;
      await first.client.put('/q/a/10.0.0.1:80', {});
      await eventually(() => expect(sink.services.size).toBe(1));
      first.process.freeze();
      await put([second, third], '/q/b/10.0.0.1:80', {});
      await eventually(() => expect(sink.services.size).toBe(2), 20_000);

      // One of three is left: it still answers what needs no quorum, but must not be taken for healthy.
      await eventually(() => expect(sink.healthy).toBe(true));
      await second.stop();
      await eventually(() => expect(sink.healthy).toBe(false), 20_000);
      expect(sink.services.size).toBe(2);
      first.process.thaw();
      await put([first, third], '/q/c/10.0.0.1:80', {});
      await eventually(() => expect(sink.services.size).toBe(3), 20_000);
      expect(sink.sets).toBe(3);
      await second.start();
    });
  });
});
