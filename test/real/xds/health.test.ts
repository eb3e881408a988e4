import { type Client, status } from '@grpc/grpc-js';
import { service as HEALTH } from 'grpc-health-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../peers/eventually.js';
import { connect } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';

const ADS = 'envoy.service.discovery.v3.AggregatedDiscoveryService';
let plane: ControlPlane;
let client: Client;
beforeEach(async () => {
  plane = await ControlPlane.start();
  client = connect(plane.address);
});
afterEach(async () => {
  client.close();
  await plane.server.stop();
});

const { Check, Watch, List } = HEALTH;
const check = async (service: string): Promise<unknown> =>
  await new Promise((resolve, reject) => {
    if (Check === undefined) throw new Error('no method Check');
    const { path, requestSerialize, responseDeserialize } = Check;
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });

test('not serving before the first snapshot, serving from then on', async () => {
  expect(await check('')).toEqual({ status: 'NOT_SERVING' });
  expect(await check(ADS)).toEqual({ status: 'NOT_SERVING' });
  plane.publish();
  expect(await check('')).toEqual({ status: 'SERVING' });
  expect(await check(ADS)).toEqual({ status: 'SERVING' });
});

test('a service that is not served is not found', async () => {
  await expect(check('acme.Nothing')).rejects.toMatchObject({ code: status.NOT_FOUND });
});

test('who watches is told of the first snapshot, and of the end before the connection ends', async () => {
  if (Watch === undefined) throw new Error('no method Watch');
  const { path, requestSerialize, responseDeserialize } = Watch;
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: ADS });
  const seen: unknown[] = [];
  call.on('data', ({ status: told }: { status: string }) => seen.push(told));
  call.on('error', ({ code }: { code: number }) => seen.push(code));
  await eventually(() => expect(seen).toEqual(['NOT_SERVING']));
  plane.publish();
  await eventually(() => expect(seen).toEqual(['NOT_SERVING', 'SERVING']));
  await plane.server.stop();
  await eventually(() => expect(seen.slice(0, 3)).toEqual(['NOT_SERVING', 'SERVING', 'NOT_SERVING']));
  await eventually(() => expect(seen).toHaveLength(4));
});

test('who watches a service that is not served is told so; the list has all that are', async () => {
  if (Watch === undefined || List === undefined) throw new Error('no methods Watch and List');
  const call = client.makeServerStreamRequest(Watch.path, Watch.requestSerialize, Watch.responseDeserialize, {
    service: 'acme.Nothing',
  });
  call.on('error', () => undefined);
  const told = await new Promise((resolve) => call.once('data', resolve));
  call.cancel();
  expect(told).toEqual({ status: 'SERVICE_UNKNOWN' });
  plane.publish();
  const listed = await new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      List.path,
      List.requestSerialize,
      List.responseDeserialize,
      {},
      (error, answer) => (error === null ? resolve(answer) : reject(error)),
    );
  });
  expect(listed).toMatchObject({ statuses: { '': { status: 'SERVING' }, [ADS]: { status: 'SERVING' } } });
});
