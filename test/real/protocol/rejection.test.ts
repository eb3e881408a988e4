import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { eventually } from '../../peers/eventually.js';
import { freePort } from '../../peers/process.js';
import { Signalbox } from '../../support/signalbox.js';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** Somebody else's port. */
async function takenPort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ended.push(async () => await new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** The ports on which an Envoy listens, by the listener's name. */
async function listening(envoy: Envoy): Promise<Readonly<Record<string, number>>> {
  const { listener_statuses = [] } = JSON.parse(await envoy.get('/listeners?format=json')) as {
    listener_statuses?: { name: string; local_address: { socket_address: { port_value: number } } }[];
  };
  return Object.fromEntries(
    listener_statuses.map(({ name, local_address }) => [name, local_address.socket_address.port_value]),
  );
}

describe.each(['sotw', 'delta'] as const)('%s', (mode) => {
  test.each(['goes', 'moves'] as const)(
    'a listener that %s in a rejected version is there again after a rollback by restart',
    async (change) => {
      const [xdsPort, keep, http, moved] = await Promise.all(Array.from({ length: 4 }, freePort));
      const taken = await takenPort();
      const config = (...listeners: readonly (readonly [string, number | undefined])[]) => ({
        xds: { listen: `127.0.0.1:${xdsPort}` },
        admin: { listen: '127.0.0.1:0' },
        discovery: { file: { path: 'services.yaml' } },
        listeners: listeners.map(([name, port]) => ({ name, address: `127.0.0.1:${port}` })),
      });
      const a = config(['keep', keep], ['http', http]);
      const b = config(
        ['keep', keep],
        ['public', taken],
        ...(change === 'moves' ? [['http', moved] as const] : []),
      );
      const signalbox = await Signalbox.start(a, {
        before: (folder) => writeFileSync(join(folder, 'services.yaml'), 'services: {}\n'),
      });
      ended.push(() => signalbox.close());
      const envoy = await Envoy.start(adsBootstrap({ mode, xdsPort: Number(xdsPort) }));
      ended.push(() => envoy.stop());
      await eventually(async () => expect(await listening(envoy)).toEqual({ keep, http }));

      const restart = async (next: typeof a) => {
        await signalbox.process.stop();
        signalbox.configure(next);
        await signalbox.run();
      };
      await restart(b);
      await eventually(
        async () =>
          expect(
            (await envoy.stats('listener_manager.lds.update_rejected')).get(
              'listener_manager.lds.update_rejected',
            ),
          ).toBeGreaterThan(0),
        20_000,
      );
      await eventually(async () =>
        expect(await listening(envoy)).toEqual(change === 'moves' ? { keep, http: moved } : { keep }),
      );
      await restart(a);
      await eventually(async () => expect(await listening(envoy)).toEqual({ keep, http }), 20_000);
    },
  );
});
