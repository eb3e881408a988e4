import { isObject, type JsonObject } from '../json-document.js';
import { withoutNeutral } from './neutral.js';
import type { Reasons } from './reasons.js';

/** Empty texts in these mean something. */
const KEPT = new Set(['headers', 'body', 'break_response_body']);

/** The plugins that do something: those that are switched off are left out. */
export function activePlugins(given: unknown, reasons: Reasons): ReadonlyMap<string, JsonObject> {
  const plugins = new Map<string, JsonObject>();
  if (given === undefined || given === null) return plugins;
  if (!isObject(given)) {
    reasons.add('"plugins" is no object');
    return plugins;
  }
  for (const [name, options] of Object.entries(given)) {
    if (!isObject(options)) {
      reasons.add(`plugin "${name}" is no object`);
      continue;
    }
    // `disable` is where older releases have it.
    const { _meta: meta = {}, disable, ...rest } = options;
    const { disable: disabled, ...more } = isObject(meta) ? withoutNeutral(meta) : { disable: undefined };
    if (disable === true || disabled === true) continue;
    for (const key of Object.keys(more)) reasons.add(`plugin "${name}": "_meta.${key}" is not carried over`);
    plugins.set(name, withoutNeutral(rest, {}, KEPT));
  }
  return plugins;
}
