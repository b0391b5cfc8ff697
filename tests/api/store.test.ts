// `dukou store copy`: a whole city's store into another.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyHome } from '../support/city.ts';
import { storeOf } from '../support/postgres.ts';
import { run } from '../support/process.ts';

test('a store is copied, proved equal and held against the log; only an empty one takes a copy', async () => {
  const home = await copyHome('store');
  const from = storeOf(home) ?? join(home, 'dukou.db');
  const to = storeOf(join(home, 'copy')) ?? join(home, 'copy.db');
  const copied = await run(['store', 'copy', from, to], { DUKOU_HOME: home });
  assert.equal(copied.code, 0, copied.err);
  const [, tables, rows] = /equal: (\d+) tables with rows, (\d+) rows/.exec(copied.out)!.map(Number);
  assert.ok(tables! > 30 && rows! > 500, copied.out);
  assert.match(copied.out, /verified against the log: \d+ entries/);
  const again = await run(['store', 'copy', from, to], { DUKOU_HOME: home });
  assert.equal(again.code, 1);
  assert.match(again.err, /the target is not empty/);
  const back = await run(['store', 'copy', to, join(home, 'back.db')], { DUKOU_HOME: home });
  assert.equal(back.code, 0, back.err);
  assert.match(back.out, new RegExp(`equal: ${tables} tables with rows, ${rows} rows`));
});

test('a copy from nowhere, or in other words than those of the help, is refused', async () => {
  const home = await copyHome('store');
  assert.equal((await run(['store', 'copy', join(home, 'none.db'), join(home, 'to.db')], { DUKOU_HOME: home })).code, 1);
  for (const args of [['store'], ['store', 'copy'], ['store', 'copy', 'a'], ['store', 'move', 'a', 'b']]) assert.equal((await run(args, { DUKOU_HOME: home })).code, 2);
});
