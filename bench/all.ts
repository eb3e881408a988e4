// npm run bench:all: every measurement of docs/performance.md anew, each between its markers there. Name some to run only those:
// npm run bench:all -- flood start
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { machine } from './machine.js';

const root = resolve(import.meta.dirname, '..');
const PAGE = join(root, 'docs/performance.md');

/** The marker in the page, and the program with its arguments that prints what stands there. */
const SECTIONS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  table: ['main.ts', '--targets'],
  scaling: ['scaling.ts', '1'],
  registry: ['registry-latency.ts'],
  start: ['start.ts'],
  flood: ['flood.ts'],
  'slow-proxy': ['slow-proxy.ts'],
  micro: ['micro.ts'],
};

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => SECTIONS[name] === undefined);
if (unknown !== undefined) {
  console.error(`"${unknown}" is none of ${Object.keys(SECTIONS).join(', ')}`);
  process.exit(2);
}
const described = await machine();
for (const [name, program] of Object.entries(SECTIONS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const began = performance.now();
  console.error(`\n${name} …`);
  const output = await run(program);
  const seconds = ((performance.now() - began) / 1e3).toFixed(0);
  if (output === undefined) {
    console.error(`${name} failed after ${seconds} s: what the page says of it stays`);
    process.exitCode = 1;
  } else {
    replace(name, output);
    console.error(`${name}: ${seconds} s`);
  }
}

/** What a measurement printed; undefined where it failed. */
async function run([script, ...args]: readonly [string, ...string[]]): Promise<string | undefined> {
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  const child = spawn(process.execPath, [tsx, join(import.meta.dirname, script), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return code === 0 ? output.trim() : undefined;
}

/** The machine stands in the marker's own line, since not every section is measured on the same day. */
function replace(name: string, output: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no markers of ${name} in ${PAGE}`);
  const date = new Date().toISOString().slice(0, 10);
  const said = output.startsWith(described) ? output.slice(described.length).replace(/^[;,.] */, '') : output;
  const content = `${begin}\n\nMeasured on ${date}, ${described}.\n\n${said.replace(/^\.?\n+/, '').trim()}\n\n${end}`;
  writeFileSync(PAGE, page.slice(0, from) + content + page.slice(to + end.length));
}
