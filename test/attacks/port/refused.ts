import type { Attack, Stage, Strike } from '../attack.js';
import { lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { callHeaders } from '../wire/frames.js';
import { framed } from '../wire/grpc.js';
import { RawCalls } from '../wire/raw-calls.js';
import { ADS, CSDS, HEALTH, LRS, REFLECTION } from '../wire/services.js';

/** Connections, and calls at a time on each. */
const CONNECTIONS = 4;
const CALLS = 1_000;

/** Short calls at full speed; the server has to close connections with more than it allows. */
function calls(path: string, message: Uint8Array = new Uint8Array()): Strike {
  return async (target, signal, tell) => {
    const ends = new Tally();
    const open = new Set<RawCalls>();
    let before = 0;
    tell(() => {
      const made = [...open].reduce((sum, { ended }) => sum + ended, before);
      return {
        text: `${made} calls ended; connections ended: ${ends}`,
        wrong: ends.all === 0 ? 'the server closed no connection' : undefined,
      };
    });
    const call = { headers: callHeaders(path), body: framed(message), ends: true };
    await lanes(CONNECTIONS, signal, async () => {
      const connection = new RawCalls(target);
      open.add(connection);
      await connection.begin();
      await connection.openMany(Number.POSITIVE_INFINITY, CALLS, call, signal);
      open.delete(connection);
      before += connection.ended;
      if (!signal.aborted) ends.add(connection.closed ?? 'stalled');
      connection.close();
    });
  };
}

const TOKEN = 'the-token-of-the-good-proxy';
/** Only the well-behaved proxy has a token. */
const restricted = (): Stage => ({ config: { allow: [{ token: TOKEN }] }, proxy: { token: TOKEN } });

export const REFUSED: readonly Attack[] = [
  {
    name: 'calls of unknown methods at full speed',
    strike: calls('/no.such.Service/Method'),
  },
  {
    name: 'calls without a token at full speed (ADS)',
    stage: restricted,
    strike: calls(`${ADS}/DeltaAggregatedResources`),
  },
  {
    name: 'calls without a token at full speed (CSDS)',
    stage: restricted,
    strike: calls(`${CSDS}/FetchClientStatus`),
  },
  {
    name: 'streams opened and ended at full speed (ADS)',
    strike: calls(`${ADS}/DeltaAggregatedResources`),
  },
  {
    name: 'streams opened and ended at full speed (load reports)',
    strike: calls(LRS),
  },
  { name: 'health checks at full speed', strike: calls(`${HEALTH}/Check`) },
  {
    name: 'reflection calls at full speed',
    stage: () => ({ config: { xds: { reflection: true } } }),
    // list_services of the ServerReflectionRequest.
    strike: calls(REFLECTION, Buffer.from('3a012a', 'hex')),
  },
];
