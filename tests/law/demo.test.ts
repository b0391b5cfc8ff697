// The demo, whose city every test works on a copy of: what it printed when the city was set up.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyHome, root } from '../support/city.ts';
import { run } from '../support/process.ts';

test('the demo plays the nine steps in their order, and says at the end how many entries the log holds', async () => {
  const printed = await readFile(join(root, 'city.txt'), 'utf8');
  const steps = [...printed.matchAll(/^([1-9]) {2}\S/gm)].map((found) => Number(found[1]));
  assert.deepEqual([...new Set(steps)], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const told = Number(/^ {3}(\d+) entries$/m.exec(printed)?.[1]);
  const verified = await run(['audit', 'verify'], { DUKOU_HOME: await copyHome('demo') });
  const held = Number(/^entries\t(\d+)$/m.exec(verified.out)?.[1]);
  const last = Math.max(...[...printed.matchAll(/ entry (\d+)$/gm)].map((found) => Number(found[1])));
  assert.ok(last < told && told <= held, `the last step is entry ${last}, the demo says ${told}, the log now holds ${held}`); // log-ins came after
});
