/**
 * Numbers and truth values as protobuf's wrapper messages, which tell "not said" from 0.
 * @returns only the fields that have a value
 */
export function wrapped<Key extends string, T extends number | boolean>(
  fields: Readonly<Partial<Record<Key, T | undefined>>>,
): { [K in Key]?: { value: T } } {
  const entries = Object.entries<T | undefined>(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, { value }] as const],
  );
  return Object.fromEntries(entries) as { [K in Key]?: { value: T } };
}
