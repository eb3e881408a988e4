import { textOf } from '../../text-of.js';
import { isObject, type JsonObject } from '../json-document.js';
import type { Reasons } from './reasons.js';

/** The plugins that do something: those that are switched off are left out. */
export function activePlugins(given: unknown, reasons: Reasons): ReadonlyMap<string, JsonObject> {
  const plugins = new Map<string, JsonObject>();
  if (given === undefined) return plugins;
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
    const { disable: disabled, ...more } = isObject(meta) ? meta : { disable: undefined };
    if (disable === true || disabled === true) continue;
    for (const key of Object.keys(more)) reasons.add(`plugin "${name}": "_meta.${key}" is not carried over`);
    plugins.set(name, rest);
  }
  return plugins;
}

/** A text without nginx's variables, which Envoy does not know; a number counts as a text. */
export function plainText(value: unknown, what: string, reasons: Reasons): string {
  if (typeof value !== 'string' && typeof value !== 'number') {
    reasons.add(`${what} is no text`);
    return '';
  }
  const text = textOf(value);
  if (/\$[A-Za-z_{]/.test(text)) reasons.add(`${what}: variables such as in "${text}" are not carried over`);
  return text;
}
