// The inner loops by themselves: medians of short batches, comparable between commits on one machine.
// node main.js OUTPUT [BASELINE]
import { readFileSync, writeFileSync } from 'node:fs';
import { CASES } from './cases.js';
import { type Timing, time } from './harness.js';

const [output, baseline] = process.argv.slice(2);
const before: readonly Timing[] = baseline === undefined ? [] : JSON.parse(readFileSync(baseline, 'utf8'));
const timings: Timing[] = [];
console.log(
  before.length > 0 ? '| | µs | was | ratio |\n| --- | --: | --: | --: |' : '| | µs |\n| --- | --: |',
);
for (const entry of CASES) {
  const timing = time(entry);
  timings.push(timing);
  const was = before.find(({ name }) => name === timing.name)?.nanoseconds;
  const compared = was === undefined ? '' : ` ${micro(was)} | ${(timing.nanoseconds / was).toFixed(2)} |`;
  console.log(`| ${timing.name} | ${micro(timing.nanoseconds)} |${compared}`);
}
if (output !== undefined) writeFileSync(output, JSON.stringify(timings));

function micro(nanoseconds: number): string {
  return (nanoseconds / 1e3).toFixed(nanoseconds < 10_000 ? 2 : 0);
}
