import type { MessageTypes } from '../generated/messages.js';
import type { EnvoyJson } from '../model/envoy-json.js';
import { mergeJson } from '../protobuf/from-json.js';
import type { MessageName } from '../protobuf/messages.js';

/**
 * A message with parts of Envoy's own JSON over it, one after the other. Each has been checked when it was read; one that
 * is wrong all the same is left out.
 */
export function withEnvoyJson<Name extends MessageName>(
  name: Name,
  message: MessageTypes[Name],
  ...parts: readonly (EnvoyJson | undefined)[]
): MessageTypes[Name] {
  let made = message;
  for (const part of parts) {
    if (part === undefined) continue;
    const merged = mergeJson(name, Object(made), part);
    if (merged.problems.length === 0) made = merged.message as MessageTypes[Name];
  }
  return made;
}
