/**
 * A port as a registry has it, unchecked.
 * @returns undefined where the value stands for none: nothing, 0 or -1, as numbers or texts
 */
export function statedPort(port: unknown): unknown {
  if (port === undefined || port === null) return undefined;
  const value = typeof port === 'string' ? port.trim() : port;
  return ['', '0', '-1', 0, -1].some((none) => none === value) ? undefined : port;
}
