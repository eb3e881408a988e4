/**
 * Why plain data cannot be a `google.protobuf.Struct` or a `Value` at this place; undefined where they can. An object
 * within takes three levels of messages (an entry, its value, a Struct), a list two.
 * @param json not deeper than a program can recurse
 * @param levels how many levels of messages are left
 */
export function structProblem(json: unknown, levels: number): string | undefined {
  if (levels < 0) return TOO_DEEP;
  if (typeof json === 'number' && !Number.isFinite(json)) return 'a number is too large';
  if (typeof json !== 'object' || json === null) return undefined;
  const inside = levels - (Array.isArray(json) ? 2 : 3);
  for (const part of Object.values(json)) {
    const problem = structProblem(part, inside);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

export const TOO_DEEP = 'is nested deeper than Envoy takes';
