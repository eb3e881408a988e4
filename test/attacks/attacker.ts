// A process of its own, so that what an attack costs its maker is not taken for what it costs the server.
// attacker.ts NAME XDS_PORT ADMIN [CERTIFICATE KEY]: attacks until SIGTERM, then prints what came of it.
import { ATTACKS } from './attacks.js';

const [name = '', xdsPort, admin = '', cert, key] = process.argv.slice(2);
const attack = ATTACKS[name];
if (attack === undefined) throw new Error(`no attack "${name}"`);
const end = new AbortController();
process.once('SIGTERM', () => end.abort());
const certificate = cert === undefined || key === undefined ? undefined : { cert, key };
const outcome = await attack({ xdsPort: Number(xdsPort), admin, certificate }, end.signal);
process.stdout.write(`OUTCOME ${outcome}\n`, () => process.exit());
