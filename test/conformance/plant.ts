import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { test } from 'vitest';
import { stringify } from 'yaml';
import { startApp } from '../../src/app/start.js';
import type { App } from '../../src/cli/app-handle.js';
import { parseConfig } from '../../src/config/load.js';
import { barrier, connect } from './lab.js';
import { RULES, type RuleId } from './rules.js';
import { ScriptedProxy } from './scripted-proxy.js';
import { labelOf, type Variant, variantsOf } from './variant.js';

/** Services as the `file` registry reads them. */
export type Services = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** The whole control plane, from a registry to its streams: what operators run. */
export class Plant {
  readonly #folder = mkdtempSync(join(tmpdir(), 'signalbox-plant-'));
  readonly #proxies: ScriptedProxy[] = [];
  #app: App | undefined;

  static async start(services: Services, config: Readonly<Record<string, unknown>> = {}): Promise<Plant> {
    const plant = new Plant();
    plant.write(services);
    const listen = { listen: '127.0.0.1:0' };
    const discovery = { local: { type: 'file', path: join(plant.#folder, 'services.yaml') } };
    const text = stringify({ xds: listen, admin: listen, discovery, ...config });
    const loaded = parseConfig(text, join(plant.#folder, 'signalbox.yaml'), {});
    if (loaded.config === undefined) throw new Error(JSON.stringify(loaded.problems));
    plant.#app = await startApp(loaded.config, { logger: pino({ level: 'silent' }) });
    return plant;
  }

  /** Replaces the services at once. */
  write(services: Services): void {
    const file = join(this.#folder, 'services.yaml');
    writeFileSync(`${file}.new`, stringify({ services }));
    renameSync(`${file}.new`, file);
  }

  proxy(variant: Variant): ScriptedProxy {
    const proxy = new ScriptedProxy(connect(this.#app?.xdsAddress ?? ''), variant, barrier);
    this.#proxies.push(proxy);
    return proxy;
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies) proxy.cut();
    await this.#app?.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Tests a rule against the whole control plane with these services to begin with. */
export function plantRule(
  id: RuleId,
  services: Services,
  body: (context: { readonly plant: Plant; readonly proxy: ScriptedProxy }) => Promise<void>,
  config: Readonly<Record<string, unknown>> = {},
): void {
  const { where, text } = RULES[id];
  for (const variant of variantsOf(where)) {
    test(`${id} [${labelOf(where, variant)}] ${text}`, async () => {
      const plant = await Plant.start(services, config);
      try {
        await body({ plant, proxy: plant.proxy(variant) });
      } finally {
        await plant.stop();
      }
    });
  }
}
