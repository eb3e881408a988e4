// A process of its own, so that what an attack costs its maker is not taken for what it costs the server.
// attacker.ts NAME XDS_PORT ADMIN [CERTIFICATE KEY]: attacks until SIGTERM. Prints what has come of it, now and then, so
// that it is known also of an attacker who has no time left to say it at the end.
import { ATTACKS } from './attacks.js';

const EVERY = 500;

const [name = '', xdsPort, admin = '', cert, key] = process.argv.slice(2);
const attack = ATTACKS[name];
if (attack === undefined) throw new Error(`no attack "${name}"`);
const end = new AbortController();
process.once('SIGTERM', () => end.abort());
const certificate = cert === undefined || key === undefined ? undefined : { cert, key };
let outcome = () => 'nothing yet';
const say = () => process.stdout.write(`OUTCOME ${outcome()}\n`);
const saying = setInterval(say, EVERY);
await attack({ xdsPort: Number(xdsPort), admin, certificate }, end.signal, (tell) => {
  outcome = tell;
});
clearInterval(saying);
process.stdout.write(`OUTCOME ${outcome()}\n`, () => process.exit());
