// npm run attacks [-- --seconds 6] [--only TEXT]... [--from TEXT] [--runs 2] [--list] [--program PATH]
// PATH is the `dist/cli/main.js` of another build, to compare with.
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { Certificates } from '../peers/certificates.js';
import { Consul } from '../peers/consul.js';
import { Etcd } from '../peers/etcd.js';
import { writeSection } from '../reliability/page.js';
import type { World } from './attack.js';
import { ATTACKS } from './attacks.js';
import { passed, type Row, summary, table } from './table.js';
import { niced, trial } from './trial.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    only: { type: 'string', multiple: true, default: [''] },
    from: { type: 'string', default: '' },
    program: { type: 'string' },
    runs: { type: 'string', default: '2' },
    list: { type: 'boolean', default: false },
  },
});
const SERVICES = 50;
const INSTANCES = 20;

const chosen = ATTACKS.slice(ATTACKS.findIndex(({ name }) => name.includes(values.from))).filter(({ name }) =>
  values.only.some((text) => name.includes(text)),
);
if (values.list) {
  for (const { name } of chosen) console.log(name);
  process.exit();
}

const etcd = await Etcd.start();
await etcd.client.putAll(
  Array.from({ length: SERVICES * INSTANCES }, (_, n) => [
    `/services/service-${n % SERVICES}/127.0.0.1:${1_000 + Math.floor(n / SERVICES)}`,
    { weight: 1 },
  ]),
);
let consul: Promise<Consul> | undefined;
const [good, other] = await Promise.all([Certificates.make(), Certificates.make()]);
const decoy = niced('decoy');
await decoy.until(() => decoy.output.includes('READY'));
decoy.freeze();
const world: World = {
  etcd,
  decoy,
  consul: async () => {
    consul ??= Consul.start();
    return await consul;
  },
  good,
  other,
};
const load = () => loadavg()[0]?.toFixed(1);
const loads = [load()];

const rows: Row[] = [];
for (const attack of chosen) {
  const trials: Row['trials'][number][] = [];
  const row: Row = { name: attack.name, trials };
  while (trials.length < Number(values.runs) && !passed(row)) {
    const options = { seconds: Number(values.seconds), program: values.program };
    trials.push(
      await trial(attack, world, options).catch((thrown: unknown) =>
        thrown instanceof Error ? thrown : new Error(String(thrown)),
      ),
    );
    console.log(`${rows.length + 1}/${chosen.length} ${summary(row)}`);
  }
  rows.push(row);
}

await decoy.stop('SIGKILL');
await etcd.close();
await (await consul)?.close();
good.remove();
other.remove();
loads.push(load());

const failed = rows.filter((row) => !passed(row));
const report = [
  `${rows.length - failed.length} of ${rows.length} rows passed, ${values.seconds} s each unless an attack strikes once. The server has ${SERVICES} services of ` +
    `${INSTANCES} instances. The machine had ${cpus().length} processors, and a load of ${loads.join(' at the start and ')} at the end.`,
  '',
  table(rows),
].join('\n');
console.log(report);
for (const { name } of failed) console.log(`FAILED ${name}`);
if (chosen.length === ATTACKS.length && values.program === undefined) writeSection('attacks', report);
process.exit(failed.length === 0 ? 0 : 1);
