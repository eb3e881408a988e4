import { randomBytes } from 'node:crypto';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import type { Attack, Strike } from '../attack.js';
import { lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { framed, GrpcConnection, prefix } from '../wire/grpc.js';
import { deepGroups, deepStruct, deltaRequest, field, node, numberField, varint } from '../wire/messages.js';
import { CSDS, METHODS } from '../wire/services.js';

const BAD_TEXT = Buffer.from('fffec080', 'hex');
/** Field 2 claims more bytes than there are. */
const SHORT = Buffer.concat([varint(2 * 8 + 2), varint(2 ** 31)]);

/** Messages that a reader may stumble over. */
const BODIES: readonly (() => Buffer)[] = [
  () => Buffer.alloc(0),
  () => randomBytes(200),
  () => deepGroups(100_000),
  () => SHORT,
  () => field(1, SHORT),
  () => field(1, node({ id: 'deep', metadata: deepStruct(200) })),
  () => field(1, deepGroups(50_000)),
  () => field(2, deepStruct(1_000)),
  () =>
    Buffer.concat([field(1, field(1, BAD_TEXT)), field(2, BAD_TEXT), field(3, BAD_TEXT), field(4, BAD_TEXT)]),
  () => Buffer.concat(Array.from({ length: 1_000 }, (_, n) => numberField(n + 1, 2 ** 40))),
  () => Buffer.alloc(1_000, 0xff),
  () =>
    deltaRequest({
      node: node({ id: '\u0000\u001b[2J', cluster: '\ud800' }),
      typeUrl: TYPE_URL.cluster,
      nonce: '-1',
    }),
  () => deltaRequest({ typeUrl: '__proto__', subscribe: ['__proto__', 'constructor', ''], nonce: '\u0000' }),
  () => field(5, Buffer.concat([field(1, '__proto__'), field(2, 'x')])),
];

/** What stands on the wire around them. */
const WRAPPINGS: readonly ((body: Buffer) => Buffer)[] = [
  (body) => framed(body),
  (body) => framed(body, 1),
  (body) => framed(body, 255),
  (body) => Buffer.concat([prefix(body.length + 1), body]),
  (body) => Buffer.concat([framed(body), framed(body), framed(body)]),
];

const malformed: Strike = async (target, signal, tell) => {
  const results = new Tally();
  tell(() => String(results));
  let n = 0;
  await lanes(4, signal, async () => {
    const connection = new GrpcConnection(target);
    const [body, wrap] = [
      BODIES[n % BODIES.length],
      WRAPPINGS[Math.floor(n / BODIES.length) % WRAPPINGS.length],
    ];
    n += 1;
    if (body === undefined || wrap === undefined) return;
    const bytes = wrap(body());
    const calls = METHODS.map(async (path) => {
      const call = connection.call(path)?.drain();
      await call?.write(bytes);
      call?.stream.end();
      results.add((await call?.ended) ?? 'no call');
    });
    await Promise.all(calls);
    results.add(
      (await connection.call(`${CSDS}/FetchClientStatus`)?.ask(Buffer.alloc(0))) ?? 'no connection',
    );
    connection.close();
  });
};

export const MALFORMED: readonly Attack[] = [
  {
    name: 'malformed messages to every method',
    stage: () => ({ config: { xds: { reflection: true } } }),
    strike: malformed,
  },
];
