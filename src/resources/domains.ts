/**
 * Whether Envoy would take a host of `domain` to the virtual host of `pattern` if no closer one were there. A `*`
 * beside other text stands for one character at least.
 */
export function covers(pattern: string, domain: string): boolean {
  if (pattern === '*' || pattern === domain) return true;
  if (pattern.startsWith('*')) return domain.length >= pattern.length && domain.endsWith(pattern.slice(1));
  if (pattern.endsWith('*'))
    return domain.length >= pattern.length && domain.startsWith(pattern.slice(0, -1));
  return false;
}

/**
 * How close a pattern is, in Envoy's order: exact, then the longest suffix (`*.example.com`), then the longest
 * prefix (`example.*`), then `*`. Smaller is closer.
 */
export function closeness(pattern: string): readonly [number, number] {
  if (pattern === '*') return [3, 0];
  if (pattern.startsWith('*')) return [1, -pattern.length];
  if (pattern.endsWith('*')) return [2, -pattern.length];
  return [0, 0];
}
