import { printableJson } from '../base/printable.js';
import type { Secret } from '../config/secret.js';
import { messageOf, SignalboxError } from '../errors.js';
import type { Address } from '../model/address.js';
import { addressOf } from '../model/instance.js';
import { askAdmin } from './admin-client.js';
import { LiveScreen } from './live-screen.js';
import type { Output } from './output.js';
import { type TopAnswer, topText } from './views/top.js';

export interface TopOptions {
  readonly admin: Address;
  readonly json: boolean;
  /** Of an admin API that wants one. */
  readonly token?: Secret | undefined;
  /** Prints once and ends, as it also does where nobody looks. */
  readonly once: boolean;
  /** Milliseconds from one look to the next. */
  readonly interval: number;
}

/**
 * Shows services, registries and proxies of a running instance, live on a terminal until q or Ctrl-C.
 * @param terminal what the live page is drawn on
 * @returns the exit code
 */
export async function runTop(options: TopOptions, output: Output, terminal: Output): Promise<number> {
  const { json, once } = options;
  try {
    const first = await look(options);
    if (json || once || terminal.stdout.isTTY !== true) {
      output.stdout.write(json ? `${printableJson(JSON.stringify(first, null, 2))}\n` : topText(first));
      return 0;
    }
    await follow(first, options, new LiveScreen(terminal));
    return 0;
  } catch (thrown) {
    const { code, message } = SignalboxError.from(thrown);
    output.stderr.write(`${code}: ${message}\n`);
    return 1;
  }
}

/** An instance that is away for a while is shown as it was last, and that it is away. */
async function follow(first: TopAnswer, options: TopOptions, screen: LiveScreen): Promise<void> {
  const { admin, interval } = options;
  let answer = first;
  let problem: string | undefined;
  screen.open();
  try {
    do {
      const state = problem === undefined ? new Date().toISOString() : `AWAY: ${problem}`;
      screen.show(`signalbox ${addressOf(admin)} · ${state} · q ends\n${topText(answer, screen.rows - 1)}`);
      await screen.pause(interval);
      if (screen.ended) break;
      try {
        answer = await look(options);
        problem = undefined;
      } catch (thrown) {
        problem = messageOf(thrown);
      }
    } while (!screen.ended);
  } finally {
    screen.close();
  }
}

/** @throws SignalboxError `admin_unreachable` */
async function look(options: TopOptions): Promise<TopAnswer> {
  const [ready, services, registries, proxies, load] = await Promise.all([
    askAdmin<unknown>(options.admin, '/readyz', 'GET', options.token),
    ask<Pick<TopAnswer, 'services'>>(options, '/services'),
    ask<Pick<TopAnswer, 'registries'>>(options, '/registries'),
    ask<Pick<TopAnswer, 'proxies'>>(options, '/proxies'),
    ask<{ readonly services: TopAnswer['load'] }>(options, '/load?sort=requests'),
  ]);
  return {
    not_ready: ready.problem ?? null,
    ...services,
    ...registries,
    ...proxies,
    load: load.services,
  };
}

async function ask<T>({ admin, token }: TopOptions, path: string): Promise<T> {
  const { answer, problem } = await askAdmin<T>(admin, path, 'GET', token);
  if (answer === undefined) throw new SignalboxError('admin_unreachable', problem ?? `no answer to ${path}`);
  return answer;
}
