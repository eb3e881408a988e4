import protobuf from 'protobufjs';
import {
  type CacheServer,
  createServer,
  LinearCache,
  type Resource,
  resourceFromBytes,
} from '../../src/index.js';
import { PeerProcess } from '../peers/process.js';
import { installGoPrograms } from './go-programs.js';
import type { Suite } from './suite.js';

const TYPE = 'type.googleapis.com/ratelimit.config.ratelimit.v3.RateLimitConfig';

/** The client by which Envoy's rate limit service is configured: https://github.com/envoyproxy/ratelimit */
export const ratelimitClient: Suite = {
  key: 'ratelimit-client',
  name: "go-control-plane's client `pkg/client/sotw/v3`, which Envoy's rate limit service uses",
  columns: ['What happens', 'What the client then has'],
  async run(report) {
    const { ratelimitClient: program } = await installGoPrograms();
    const cache = new LinearCache(TYPE);
    cache.replace([config('a'), config('b'), config('c')]);
    const server: CacheServer = createServer({ cache });
    const address = await server.listen('127.0.0.1:0');
    let client = start(program, address);
    const expect = async (name: string, ...names: readonly string[]) => {
      const { received, reason } = await client.next(names);
      report({
        name,
        passed: reason === undefined,
        cells: [received],
        ...(reason !== undefined && { reason }),
      });
    };
    try {
      await expect('it subscribes to the wildcard of its type', 'a', 'b', 'c');
      client.say('ack');
      cache.put(config('b', 'changed'));
      await expect('one configuration changes', 'a', 'b', 'c');
      client.say('ack');
      cache.delete('a');
      await expect('one is removed', 'b', 'c');
      client.say('nack not now');
      await client.until(() =>
        cache.snapshots.status().some(({ types }) => (types.get(TYPE)?.rejected.length ?? 0) > 0),
      );
      cache.put(config('d'));
      await expect('it rejects that, and one is added', 'b', 'c', 'd');
      await client.stop();
      client = start(program, address);
      await expect('it connects anew', 'b', 'c', 'd');
    } finally {
      await client.stop();
      await server.stop();
    }
  },
};

interface Client {
  say(line: string): void;
  /** The configurations of the next response, or why it is not as expected. */
  next(expected: readonly string[]): Promise<{ readonly received: string; readonly reason?: string }>;
  until(ready: () => boolean): Promise<unknown>;
  stop(): Promise<void>;
}

function start(program: string, address: string): Client {
  const process = PeerProcess.start('ratelimit-client', program, ['-address', address], { listens: true });
  const received = () => [...process.output.matchAll(/^got \[(.*)\]$/gm)].map(([, names = '']) => names);
  let seen = 0;
  return {
    say: (line) => process.say(line),
    next: async (expected) => {
      const late = await process
        .until(() => received().length > seen, 10_000)
        .then(
          () => undefined,
          (thrown: unknown) => String(thrown),
        );
      const names = received().at(-1) ?? '';
      seen += 1;
      if (late !== undefined) return { received: 'no response', reason: late };
      if (received().length > seen) return { received: names, reason: 'more responses than one' };
      return names === expected.join(' ')
        ? { received: names }
        : { received: names, reason: `expected ${expected.join(' ')}` };
    },
    until: async (ready) => await process.until(ready),
    stop: async () => await process.stop(),
  };
}

/** A rate limit configuration: its name and its domain. */
function config(name: string, domain = name): Resource {
  const body = new protobuf.Writer().uint32(0x0a).string(name).uint32(0x12).string(domain).finish();
  return resourceFromBytes(TYPE, name, body);
}
