import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { Attack, Stage, Strike } from '../attack.js';
import { aborted } from '../pace.js';
import { framed, GrpcConnection } from '../wire/grpc.js';
import { deltaRequest, field, node } from '../wire/messages.js';
import { ADS, CSDS, LRS } from '../wire/services.js';

const TOKEN = 'the-token-of-the-good-proxy';
const FORMER = 'the-token-of-a-former-client';
const FILE = 'former.token';
/** Milliseconds that a reload may take. */
const RELOAD = 3_000;

const SENDER = node({ id: 'former' });
/** The calls, and their first messages. */
const CALLS: Readonly<Record<string, readonly [path: string, first: Buffer]>> = {
  ADS: [`${ADS}/DeltaAggregatedResources`, deltaRequest({ node: SENDER, typeUrl: TYPE_URL.cluster })],
  'of one type': [
    '/envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters',
    deltaRequest({ node: SENDER, typeUrl: TYPE_URL.cluster }),
  ],
  CSDS: [`${CSDS}/StreamClientStatus`, Buffer.alloc(0)],
  'load reports': [LRS, field(1, SENDER)],
};

/** Opens one call of each kind, then `revoke` takes the right away. */
const former =
  (revoke: (folder: string) => void): Strike =>
  async (target, signal, tell) => {
    const connection = new GrpcConnection(target);
    const calls = Object.entries(CALLS).map(([name, [path, first]]) => {
      const call = connection.call(path, { authorization: `Bearer ${FORMER}` })?.drain();
      void call?.write(framed(first));
      return { name, call };
    });
    let revoked = false;
    let late = false;
    const open = () => calls.filter(({ call }) => call?.open === true).map(({ name }) => name);
    const opened = () => calls.filter(({ call }) => (call?.received ?? 0) > 0).length;
    tell(() => {
      const ends = calls.map(({ name, call }) => `${name}: ${call?.status ?? 'open'}`).join(', ');
      const wrong =
        late && open().length > 0 ? `still open after the reload: ${open().join(', ')}` : undefined;
      return { text: ends, wrong: revoked ? wrong : 'the right was never revoked' };
    });
    while (opened() < calls.length && !signal.aborted) await setTimeout(20);
    revoke(target.folder);
    revoked = true;
    await setTimeout(RELOAD);
    late = true;
    await aborted(signal);
    connection.close();
  };

function removeRule(folder: string): void {
  const path = join(folder, 'signalbox.yaml');
  const config = parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, stringify({ ...config, allow: [{ token: TOKEN }] }));
}

export const REMOVED_RULE: readonly Attack[] = [
  {
    name: 'calls of a client whose `allow` rule a reload removes',
    stage: (): Stage => ({
      config: { allow: [{ token: TOKEN }, { token: FORMER }] },
      proxy: { token: TOKEN },
    }),
    strike: former(removeRule),
  },
  {
    name: 'calls of a client whose token file changes',
    stage: (): Stage => ({
      config: { allow: [{ token: TOKEN }, { token_file: FILE }] },
      files: { [FILE]: FORMER },
      proxy: { token: TOKEN },
    }),
    strike: former((folder) => writeFileSync(join(folder, FILE), 'another-token')),
  },
];
