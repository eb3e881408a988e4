import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { Attack, Strike } from '../attack.js';
import { lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { framed, GrpcConnection } from '../wire/grpc.js';
import { deltaRequest, node } from '../wire/messages.js';
import { ADS } from '../wire/services.js';

/** A pattern and a text that cost a search with backtracking years. */
const PATTERN = '*a*a*a*a*a*b';
const TEXT = 'a'.repeat(1_024);
const TOKEN = 'the-token-of-the-good-proxy';
const ATTACKER = 'the-token-of-the-attacker';

const nodes: Strike = async (target, signal, tell) => {
  const results = new Tally();
  tell(() => String(results));
  await lanes(4, signal, async () => {
    const connection = new GrpcConnection(target);
    const call = connection
      .call(`${ADS}/DeltaAggregatedResources`, { authorization: `Bearer ${ATTACKER}` })
      ?.drain();
    const sender = node({ id: TEXT, cluster: TEXT });
    await call?.write(framed(deltaRequest({ node: sender, typeUrl: TYPE_URL.cluster })));
    call?.stream.end();
    results.add((await call?.ended) ?? 'no call');
    connection.close();
  });
};

export const PATTERNS: readonly Attack[] = [
  {
    name: 'node ids against a pattern with many stars in `allow`',
    stage: () => ({
      config: { allow: [{ token: TOKEN }, { token: ATTACKER, nodes: PATTERN, clusters: PATTERN }] },
      proxy: { token: TOKEN },
    }),
    strike: nodes,
  },
  {
    name: 'node ids against a pattern with many stars in `groups`',
    stage: () => ({ config: { groups: { starry: { match: { id: PATTERN }, services: [PATTERN] } } } }),
    strike: nodes,
  },
];
