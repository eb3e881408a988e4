/** What becomes of those who come without the right certificate; nothing where this build has no TLS on the xDS port. */
export async function tlsAttacks(): Promise<readonly (readonly [name: string, outcome: string])[]> {
  return [];
}
