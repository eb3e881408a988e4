import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, type ClientDuplexStream, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Admission, type AdmissionRules } from '../../../src/access/admission.js';
import { LoadReporting } from '../../../src/xds/load-reports/service.js';
import { eventually } from '../../peers/eventually.js';
import { connect, serialize } from '../../support/ads-client.js';
import { ControlPlane } from '../../support/control-plane.js';
import { aResource } from '../../support/resources.js';

const PATIENCE = 10_000;
const node = { id: 'robot' };
const type_url = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
/** Every kind of call that asks for a permission, with a first message. */
const CALLS = {
  ADS: {
    path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    request: serialize('envoy.service.discovery.v3.DeltaDiscoveryRequest')({ node, type_url }),
  },
  'a service of one type': {
    path: '/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters',
    request: serialize('envoy.service.discovery.v3.DiscoveryRequest')({ node }),
  },
  CSDS: {
    path: '/envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus',
    request: serialize('envoy.service.status.v3.ClientStatusRequest')({}),
  },
  'load reports': {
    path: '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats',
    request: serialize('envoy.service.load_stats.v3.LoadStatsRequest')({ node }),
  },
};

let folder: string;
let tokenFile: string;
let plane: ControlPlane;
let client: Client;
let calls: Map<string, { readonly answers: number; readonly ended?: StatusObject }>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'first\n');
  calls = new Map();
});
afterEach(async () => {
  client.close();
  await plane.server.stop();
  rmSync(folder, { recursive: true });
});

async function start(...allow: NonNullable<AdmissionRules['allow']>): Promise<void> {
  const logger = pino({ level: 'silent' });
  const loadReporting = new LoadReporting({ interval: 1_000, endpoints: false }, () => undefined, logger);
  const admission = new Admission({ allow, groups: {} });
  plane = await ControlPlane.start({ loadReporting, admission });
  plane.publish(aResource('web', '0'));
  client = connect(plane.address);
}

/** Opens all calls with a token and waits for an answer on each. */
async function open(token: string): Promise<void> {
  for (const [name, { path, request }] of Object.entries(CALLS)) {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    const call: ClientDuplexStream<Buffer, object> = client.makeBidiStreamRequest(
      path,
      (bytes: Buffer) => bytes,
      () => ({}),
      metadata,
    );
    const key = `${name} of ${token}`;
    calls.set(key, { answers: 0 });
    call.on('data', () => calls.set(key, { answers: 1 }));
    call.on('error', () => undefined);
    call.on('status', (ended: StatusObject) => calls.set(key, { answers: 0, ended }));
    call.write(request);
  }
  await eventually(() => expect(answered(token)).toEqual(Object.keys(CALLS)), PATIENCE);
}

const of = (token: string) =>
  Object.keys(CALLS).map((name) => ({ name, ...calls.get(`${name} of ${token}`) }));
const answered = (token: string) => of(token).flatMap(({ name, answers }) => (answers === 1 ? [name] : []));
const endedWith = (token: string) => of(token).map(({ ended }) => ended?.code);
const all = (code: status) => Object.keys(CALLS).map(() => code);

test('a token file that changes ends the calls with the token before, of every kind', async () => {
  await start({ token_file: tokenFile }, { token: 'other', client_status: true });
  await open('first');
  await open('other');
  // As an editor or Kubernetes puts a file into place.
  writeFileSync(`${tokenFile}.new`, 'second\n');
  renameSync(`${tokenFile}.new`, tokenFile);
  await eventually(() => expect(endedWith('first')).toEqual(all(status.UNAUTHENTICATED)), PATIENCE);
  expect(answered('other')).toEqual(Object.keys(CALLS));
  await open('second');
});

test('a token file that is gone ends its calls', async () => {
  await start({ token_file: tokenFile });
  await open('first');
  rmSync(tokenFile);
  await eventually(() => expect(endedWith('first')).toEqual(all(status.UNAUTHENTICATED)), PATIENCE);
});

test('rules that no longer know a client end its calls; those that allow less end what may not go on', async () => {
  await start({ token: 'first' }, { token: 'other' });
  await open('first');
  await open('other');
  const replace = (...allow: NonNullable<AdmissionRules['allow']>) =>
    plane.server.replaceAdmission(new Admission({ allow, groups: {} }), () => 'default');
  replace({ token: 'other' });
  await eventually(() => expect(endedWith('first')).toEqual(all(status.UNAUTHENTICATED)), PATIENCE);
  expect(answered('other')).toEqual(Object.keys(CALLS));
  replace({ token: 'other', nodes: ['robot'] });
  await eventually(() => expect(endedWith('other')[2]).toBe(status.PERMISSION_DENIED), PATIENCE);
  expect(answered('other')).toEqual(['ADS', 'a service of one type', 'load reports']);
  replace({ token: 'other', nodes: ['somebody else'] });
  await eventually(() => expect(endedWith('other')).toEqual(all(status.PERMISSION_DENIED)), PATIENCE);
});

test('the rules after a reload have their own token files', async () => {
  await start({ token: 'first' });
  await open('first');
  plane.server.replaceAdmission(
    new Admission({ allow: [{ token_file: tokenFile }], groups: {} }),
    () => 'default',
  );
  writeFileSync(tokenFile, 'second');
  await eventually(() => expect(endedWith('first')).toEqual(all(status.UNAUTHENTICATED)), PATIENCE);
  await open('second');
});
