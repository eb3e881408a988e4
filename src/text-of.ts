/**
 * Any value that JSON or YAML can say as a text. `String` is not for these: of an object whose key `toString` holds
 * something else than a function it throws.
 */
export function textOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

/** Any value that JSON or YAML can say as a number: NaN for what is none, for all objects too. See {@link textOf}. */
export function numberOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? Number.NaN : Number(value);
}
