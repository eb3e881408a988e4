// attacker.ts NAME TARGET: attacks until SIGTERM. A process of its own, so that its cost is not measured as the server's.
// It prints the result twice a second, since a busy attacker may have no time left for it at the end.
import type { Outcome, Target } from './attack.js';
import { ATTACKS } from './attacks.js';

/** Milliseconds between two lines, and for the end. */
const EVERY = 500;
const GRACE = 1_000;

const [name = '', target = ''] = process.argv.slice(2);
const attack = ATTACKS.find((one) => one.name === name);
if (attack === undefined) throw new Error(`no attack "${name}"`);
const end = new AbortController();
const goes = () => process.stdout.write(line(), () => process.exit());
process.once('SIGTERM', () => {
  end.abort();
  // An attack that waits for the server must not wait for ever.
  setTimeout(goes, GRACE);
});
let outcome: () => string | Outcome = () => 'nothing yet';
const line = () => {
  const told = outcome();
  return `OUTCOME ${JSON.stringify(typeof told === 'string' ? { text: told } : told)}\n`;
};
const saying = setInterval(() => process.stdout.write(line()), EVERY);
process.stdout.write('READY\n');
await attack.strike(JSON.parse(target) as Target, end.signal, (tell) => {
  outcome = tell;
});
clearInterval(saying);
goes();
