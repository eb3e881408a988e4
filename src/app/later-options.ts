import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema.js';
import { addressOf } from '../model/instance.js';

/** An option whose change is not taken up by a reload. */
export interface LaterOption {
  readonly option: string;
  readonly message: string;
}

/** What differs between two configurations and takes effect at the next start only. */
export function takingEffectLater(before: Config, after: Config): readonly LaterOption[] {
  const listens = (['xds', 'admin'] as const)
    .filter((name) => addressOf(after[name].listen) !== addressOf(before[name].listen))
    .map((name) => later(`${name}.listen`, 'a new listen address takes effect at the next start'));
  const workers =
    after.xds.workers === before.xds.workers
      ? []
      : [later('xds.workers', 'a new number of workers takes effect at the next start')];
  const [old, wanted] = [before, after].map((config) => ({ ...config, 'xds.tls': config.xds.tls }));
  const options = (['quarantine', 'rollout', 'snapshot', 'limits', 'xds.tls'] as const)
    .filter((option) => !isDeepStrictEqual(wanted?.[option], old?.[option]))
    .map((option) => later(option, 'a change of this option takes effect at the next start'));
  return [...listens, ...workers, ...options];
}

function later(option: string, message: string): LaterOption {
  return { option, message };
}
