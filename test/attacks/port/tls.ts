import { readFileSync } from 'node:fs';
import { credentials } from '@grpc/grpc-js';
import type { Attack, KeyPair, Stage, Strike, World } from '../attack.js';
import { lanes } from '../pace.js';
import { Tally } from '../tally.js';
import { GrpcConnection } from '../wire/grpc.js';
import { ADS } from '../wire/services.js';

/** A port that speaks TLS and wants certificates. */
export function secure({ good }: World): Stage {
  const [ca, key, cert] = [good.ca, good.client.key, good.client.cert].map((path) => readFileSync(path));
  return {
    config: { xds: { tls: { ...good.server, client_ca: good.ca } } },
    proxy: { channel: credentials.createSsl(ca, key, cert) },
  };
}

const showing = (certificate: (world: World) => KeyPair | Promise<KeyPair>) => async (world: World) => {
  const { cert, key } = await certificate(world);
  return { ...secure(world), given: { cert, key } };
};

const shows: Strike = async (target, signal, tell) => {
  const { cert = '', key = '' } = target.given;
  const options = {
    scheme: 'https',
    cert: readFileSync(cert),
    key: readFileSync(key),
    rejectUnauthorized: false,
  } as const;
  const results = new Tally();
  tell(() => ({
    text: `connections: ${results}`,
    wrong: results.of('answered') > 0 ? 'a call was answered' : undefined,
  }));
  await lanes(10, signal, async () => {
    const connection = new GrpcConnection(target, options);
    const call = connection.call(`${ADS}/DeltaAggregatedResources`)?.drain();
    call?.stream.on('response', () => results.add('answered'));
    await call?.ended;
    results.add(connection.closed ?? 'the call ended');
    connection.close();
  });
};

export const TLS: readonly Attack[] = [
  {
    name: 'TLS: certificates of another authority',
    stage: showing(({ other }) => other.client),
    strike: shows,
  },
  {
    name: 'TLS: an expired certificate',
    stage: showing(async ({ good }) => await good.expired('late', 'DNS:late')),
    strike: shows,
  },
];
