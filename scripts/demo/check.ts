import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'undici';
import { eventually } from '../../test/peers/eventually.js';
import type { Demo } from './demo.js';

/** Asks what a newcomer would ask, prints the answers and fails where one is not what it should be. */
export async function checkAnswers(demo: Demo): Promise<void> {
  await eventually(async () => assert.equal((await ask(demo, '/colours/')).status, 200));

  const both = await askMany(demo, '/colours/', 40);
  say('/colours/ 40 times', both);
  assert.deepEqual([...both.keys()].sort(), ['200 green', '200 red']);

  const animal = await ask(demo, '/animals/of/the/forest');
  say('/animals/of/the/forest', `${animal.status} ${animal.text}, asked for ${animal.path}`);
  assert.deepEqual(animal, { status: 200, text: 'fox', path: '/of/the/forest' });

  const nowhere = await ask(demo, '/nowhere/');
  say('/nowhere/', String(nowhere.status));
  assert.equal(nowhere.status, 404);

  const before = readFileSync(demo.services, 'utf8');
  const green = /^.*# green$/m;
  assert.match(before, green);
  writeFileSync(demo.services, before.replace(green, ''));
  const one = await eventually(async () => {
    const answers = await askMany(demo, '/colours/', 20);
    assert.deepEqual([...answers.keys()], ['200 red']);
    return answers;
  });
  say('/colours/ 20 times, green taken out of the file', one);

  writeFileSync(demo.services, before);
  const again = await eventually(async () => {
    const answers = await askMany(demo, '/colours/', 20);
    assert.deepEqual([...answers.keys()].sort(), ['200 green', '200 red']);
    return answers;
  });
  say('/colours/ 20 times, green put back', again);

  const rejected = [...(await demo.envoy.stats())].filter(
    ([name, value]) => name.endsWith('.update_rejected') && value > 0,
  );
  say('updates that Envoy rejected', String(rejected.length));
  assert.deepEqual(rejected, []);
  console.log('demo: every answer was right');
}

async function ask(demo: Demo, path: string) {
  const { statusCode, headers, body } = await request(`${demo.url}${path}`);
  return { status: statusCode, text: (await body.text()).trim(), path: headers['x-path'] };
}

async function askMany(demo: Demo, path: string, times: number): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let count = 0; count < times; count += 1) {
    const { status, text } = await ask(demo, path);
    counts.set(`${status} ${text}`, (counts.get(`${status} ${text}`) ?? 0) + 1);
  }
  return counts;
}

function say(question: string, answer: string | ReadonlyMap<string, number>): void {
  const text =
    typeof answer === 'string' ? answer : [...answer].map(([name, count]) => `${name} × ${count}`).join(', ');
  console.log(`${question}: ${text}`);
}
