import { writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { PeerProcess } from '../peers/process.js';
import { Signalbox } from '../support/signalbox.js';
import type { Attack, Outcome, Stage, Target, World } from './attack.js';
import { followedKey } from './followed.js';
import { Liveness } from './liveness.js';
import { Probe } from './probe.js';
import { childrenOf, MemoryWatch, residentMegabytes } from './process-tree.js';
import { type Trial, together } from './verdict.js';

/** Milliseconds: until the proxy's way is warm, without the attack, and after the attacker's end. */
const WARM = 500;
const QUIET = 1_500;
const AFTERMATH = 1_000;

export interface TrialOptions {
  /** Seconds under attack. */
  readonly seconds: number;
  /** The server's program. */
  readonly program: string | undefined;
}

/** Attacks a server of its own, so that no attack inherits what another left behind. */
export async function trial(attack: Attack, world: World, options: TrialOptions): Promise<Trial> {
  const stage = (await attack.stage?.(world)) ?? {};
  try {
    const signalbox = await start(stage, world, options.program);
    try {
      return await strike(signalbox, attack, stage, world, options.seconds);
    } finally {
      await signalbox.stop('SIGKILL');
      await signalbox.close();
    }
  } finally {
    await stage.close?.();
  }
}

async function start(stage: Stage, world: World, program: string | undefined): Promise<Signalbox> {
  const { discovery, xds, ...config } = stage.config ?? {};
  const files = Object.entries(stage.files ?? {});
  return await Signalbox.start(
    {
      xds: {
        listen: stage.fromOutside === true ? '0.0.0.0:0' : '127.0.0.1:0',
        ...(xds as object | undefined),
      },
      startup_grace: '1s',
      auto_routes: true,
      ...config,
      discovery: { etcd: { endpoints: [world.etcd.url] }, ...(discovery as object | undefined) },
    },
    {
      // A server that an attack keeps from getting ready still has to be judged.
      waitFor: 'serving',
      before: (folder) => {
        for (const [name, text] of files) writeFileSync(join(folder, name), text);
      },
      ...(program !== undefined && { program }),
    },
  );
}

async function strike(
  signalbox: Signalbox,
  attack: Attack,
  stage: Stage,
  { etcd, decoy }: World,
  seconds: number,
): Promise<Trial> {
  const { xdsPort, admin, folder, process: server } = signalbox;
  const followed =
    stage.followed?.(folder) ?? followedKey(etcd.client, 'service-0', '/services/service-0/127.0.0.1:1000');
  const probe = new Probe(xdsPort, followed, stage.proxy);
  const host = stage.fromOutside === true ? (ownAddress() ?? '127.0.0.1') : '127.0.0.1';
  const target: Target = { host, xdsPort, admin, folder, given: { etcd: etcd.url, ...stage.given } };

  await probe.measure(WARM);
  decoy.thaw();
  const quiet = await probe.measure(QUIET);
  decoy.freeze();

  const before = residentMegabytes(server.pid);
  const workers = childrenOf(server.pid);
  const memory = new MemoryWatch(server.pid);
  const liveness = new Liveness(admin);
  const attacker = niced('attacker', attack.name, JSON.stringify(target));
  await attacker.until(() => attacker.output.includes('READY'));
  const during = await probe.measure((attack.seconds ?? seconds) * 1_000);
  await attacker.stop('SIGTERM', 10_000);
  const after = await probe.measure(server.running ? AFTERMATH : 0);

  await liveness.close();
  const left = new Set(childrenOf(server.pid));
  const highest = memory.stop();
  probe.close();
  return {
    quiet,
    attacked: together(during, after),
    memory: { before, highest },
    liveness: { worst: liveness.worst, failures: liveness.failures },
    ended: server.running ? undefined : lastLine(server.output),
    lostWorkers: server.running ? workers.filter((pid) => !left.has(pid)).length : 0,
    outcome: outcomeOf(attacker.output),
  };
}

/** A program of this folder. It gives way to the server: an attacker has processors of its own, which here it has not. */
export function niced(program: string, ...args: readonly string[]): PeerProcess {
  const path = resolve(import.meta.dirname, `${program}.ts`);
  return PeerProcess.start(program, 'nice', ['-n', '10', process.execPath, '--import', 'tsx', path, ...args]);
}

/** This machine's address for others, if it has one. */
function ownAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

function outcomeOf(output: string): Outcome {
  const last = [...output.matchAll(/^OUTCOME (.*)$/gm)].at(-1)?.[1];
  if (last === undefined)
    return { text: 'the attacker failed', wrong: `no outcome: ${output.trim().slice(-300)}` };
  return JSON.parse(last) as Outcome;
}

function lastLine(output: string): string {
  const lines = output.trim().split('\n');
  const line = lines.findLast((text) => /FATAL|Error|"level":(50|60)/.test(text)) ?? lines.at(-1) ?? '';
  return line.slice(0, 200);
}
