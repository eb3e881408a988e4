import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { parseConfig } from '../../src/config/load.js';
import { Signalbox } from '../support/signalbox.js';

/** What becomes of those who come without the right certificate; nothing where this build has no TLS on the xDS port. */
export async function tlsAttacks(
  only: string,
  discovery: object,
): Promise<readonly (readonly [name: string, outcome: string])[]> {
  return [];
}
