import { test } from 'vitest';
import type { Resource } from '../../src/snapshot/resource.js';
import { Lab } from './lab.js';
import { world } from './resources.js';
import { RULES, type RuleId } from './rules.js';
import type { ScriptedProxy, ScriptedProxyOptions } from './scripted-proxy.js';
import { labelOf, type Variant, variantsOf } from './variant.js';

export interface RuleContext {
  readonly lab: Lab;
  readonly variant: Variant;
  readonly sotw: boolean;
  readonly ads: boolean;
  /** A proxy of the variant. */
  readonly proxy: (options?: ScriptedProxyOptions) => ScriptedProxy;
}

/**
 * Tests a rule in every variant where it holds, each against a control plane of its own.
 * @param body what every variant does
 * @param published what there is to begin with
 */
export function rule(
  id: RuleId,
  body: (context: RuleContext) => Promise<void>,
  published: readonly Resource[] = world(),
): void {
  const { where, text } = RULES[id];
  for (const variant of variantsOf(where)) {
    test(`${id} [${labelOf(where, variant)}] ${text}`, async () => {
      const lab = await Lab.start(published);
      try {
        await body({
          lab,
          variant,
          sotw: variant.protocol === 'sotw',
          ads: variant.streams === 'ads',
          proxy: (options) => lab.proxy(variant, options),
        });
      } finally {
        await lab.stop();
      }
    });
  }
}
