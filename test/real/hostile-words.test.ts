import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, Metadata } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { ended, start } from '../component/cli/run.js';
import { WireStream } from '../conformance/wire-stream.js';
import { eventually } from '../peers/eventually.js';
import { connect } from '../support/ads-client.js';
import { Signalbox } from '../support/signalbox.js';

const PATIENCE = 20_000;
/** What a terminal or a browser obeys in place of showing it. */
const STEERING = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const HOSTILE =
  'evil\u001b[31m\u001b]0;title\u0007\u202egnp.exe\u2066\u200b\r\n{"level":"fatal"}\u2028\u0085';
const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

test('what a proxy says of itself steers neither log nor terminal nor page', {
  timeout: 60_000,
}, async () => {
  const signalbox = await Signalbox.start(
    {
      discovery: { file: { path: 'services.yaml' } },
      auto_routes: true,
    },
    {
      before: (folder) =>
        writeFileSync(join(folder, 'services.yaml'), 'services: { users: [{ host: 127.0.0.1, port: 80 }] }'),
    },
  );
  const client = connect(`127.0.0.1:${signalbox.xdsPort}`, {});
  try {
    await check(signalbox, client);
  } finally {
    client.close();
    await signalbox.close();
  }
});

async function check(signalbox: Signalbox, client: Client): Promise<void> {
  const { admin } = signalbox;
  const events = await fetch(`${admin}/events`);
  const reader = events.body?.getReader();
  const stream = new WireStream(
    client,
    ADS,
    'delta',
    ({ typeUrl, nonce }) => stream.send({ typeUrl, nonce, error: `no: ${HOSTILE}` }),
    new Metadata(),
  );
  const node = { id: `node ${HOSTILE}`, cluster: `cluster ${HOSTILE}`, user_agent_name: HOSTILE };
  stream.send({ typeUrl: TYPE_URL.cluster, node, subscribe: ['*', `name ${HOSTILE}`] });

  const read = async (path: string) => await (await fetch(`${admin}${path}`)).text();
  await eventually(async () => expect(await read('/proxies')).toContain('no: evil'), PATIENCE);

  let told = '';
  await eventually(async () => {
    told += Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(told).toContain('node evil');
  }, PATIENCE);
  await reader?.cancel();
  expect(told).not.toMatch(STEERING);

  for (const path of [
    '/proxies',
    '/config_dump',
    '/metrics',
    '/release',
    `/services/${encodeURIComponent(HOSTILE)}`,
  ])
    expect(await read(path), path).not.toMatch(STEERING);
  // The words themselves are there for who decodes them.
  const { proxies } = JSON.parse(await read('/proxies')) as { proxies: { node: { id: string } }[] };
  expect(proxies[0]?.node.id).toBe(node.id);

  for (const flags of [['proxies'], ['proxies', '--json'], ['explain', HOSTILE]]) {
    const program = start('dist/cli/main.js', ...flags, '--admin', admin.replace('http://', ''));
    await ended(program);
    expect(program.output, flags.join(' ')).toContain('evil');
    expect(program.output, flags.join(' ')).not.toMatch(STEERING);
  }
  const log = signalbox.process.output;
  expect(log).toContain('no: evil');
  expect(log).not.toMatch(STEERING);
}
