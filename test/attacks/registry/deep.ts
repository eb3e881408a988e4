/** JSON nested so deep, as text: what writes JSON would give up. */
export function deepJson(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

/** The value of an instance whose metadata is deep. */
export function deepInstance(depth: number): string {
  return `{"weight":1,"metadata":${deepJson(depth)}}`;
}
