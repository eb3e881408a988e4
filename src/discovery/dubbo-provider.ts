import type { FilterReason } from '../model/instance.js';
import type { RawInstance } from '../model/read-instance.js';

type Parameters = Readonly<Record<string, string>>;

/** The meaning of a provider's parameters, by Dubbo's own rules. */
export type DubboProvider = Pick<RawInstance, 'weight' | 'beside' | 'down' | 'remarks'> & {
  /** Includes the provider's defaults for missing parameters. */
  readonly parameters: Parameters;
};

/** Before the name of a parameter that is not handed on to consumers, and of one for all services of a provider. */
const PREFIXES = ['.', 'default.', '.default.'];

/**
 * Reads the parameters of a provider of Dubbo: those of its URL, or the metadata that hold them.
 * https://github.com/apache/dubbo/blob/3.3/dubbo-common/src/main/java/org/apache/dubbo/common/Parameters.java
 */
export function readDubboProvider(said: Parameters): DubboProvider {
  const parameters = withDefaults(said);
  const down = downBy(parameters);
  // Dubbo counts milliseconds, from the start of the provider.
  const warmup = Number(parameters.warmup ?? '');
  return {
    parameters,
    weight: parameters.weight === '' ? undefined : parameters.weight,
    ...(warmup > 0 && { beside: { slow_start: parameters.slow_start ?? warmup / 1_000 } }),
    ...(down !== undefined && { down }),
    ...(parameters.dynamic?.toLowerCase() === 'false' && {
      remarks: [
        'dynamic is false: the registry keeps this provider when it stops, until it is removed by hand',
      ],
    }),
  };
}

/** An empty parameter is a missing one. */
function withDefaults(said: Parameters): Parameters {
  const parameters = new Map(Object.entries(said));
  for (const prefix of PREFIXES) {
    for (const [name, value] of Object.entries(said)) {
      const plain = name.slice(prefix.length);
      if (!name.startsWith(prefix) || plain === '' || value === '') continue;
      if ((parameters.get(plain) ?? '') === '') parameters.set(plain, value);
    }
  }
  return Object.fromEntries(parameters);
}

/** Dubbo consumers ignore a provider that is not enabled, or that is disabled regardless of `enabled`. */
function downBy({
  enabled = '',
  disabled = '',
}: Parameters): { readonly reason: FilterReason; readonly detail: string } | undefined {
  if (enabled !== '' && enabled.toLowerCase() !== 'true')
    return { reason: 'disabled', detail: `the provider is disabled: enabled is "${enabled}"` };
  if (disabled.toLowerCase() === 'true')
    return { reason: 'disabled', detail: 'the provider is disabled: disabled is true' };
  return undefined;
}
