// A city that an earlier program made, with cases in flight, goes on under this one.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { City, copyHome } from '../support/city.ts';
import { makeOlder, migrations } from '../support/older.ts';
import { run } from '../support/process.ts';
import { openStore } from '../support/store.ts';

// Those that came with the first program that a city could run.
const FIRST = [2, 3, 4, 5, 10, 11, 12, 13, 14, 20, 21, 30, 31, 40, 41, 42, 50, 51];
const isLater = (number: number) => !FIRST.includes(number);

let inFlight: string; // HOME with a draft and a registered resource on their way
let draft: number;

before(async () => {
  inFlight = await copyHome('upgrade');
  const city = await City.serveHome(inFlight);
  const clerk = city.as('land-clerk');
  draft = (await clerk.does('POST', '/resources', {
    code: 'UP-1', title: '升级之前', abstract: '测试', category: '测试/测试/测试', industry: '测试', region: '全市', format: 'CSV', share_type: 'conditional',
    openness: '有条件开放', share_mode: '调用', update_cycle_days: 365, personal: true, origin: 'original', subject_item: 'citizen_number', subject_kind: 'resident', updated_day: '2026-11-01',
    items: [{ name: 'citizen_number', title: '公民身份号码', type: 'text', nullable: true, use: 'key', level: 4, sensitive: 'citizen_number' }, { name: 'kind', title: '种类', type: 'text', nullable: true, use: 'dimension', level: 1 }],
  })).id;
  clerk.close();
  city.anyone.close();
  assert.equal(await city.serve.stop(), 0);
  await city.exchange.stop();
});

function cases(home: string): string[] {
  const store = openStore(home);
  const rows = store.prepare('SELECT kind, object_id, version, state FROM workflow_case ORDER BY id').all();
  store.close();
  return rows.map((row) => Object.values(row).join(' '));
}

async function goesOn(home: string): Promise<void> {
  const before = cases(home);
  const city = await City.serveHome(home);
  const clerk = city.as('land-clerk');
  const actions = await clerk.does('GET', `/resources/${draft}/actions`);
  assert.ok(JSON.stringify(actions).includes('register'), JSON.stringify(actions));
  await clerk.does('POST', `/resources/${draft}/register`, {});
  const history = (await clerk.does('GET', `/resources/${draft}/history`)).items ?? (await clerk.does('GET', `/resources/${draft}/history`));
  assert.equal(JSON.stringify(history).match(/"event":"register"/g)?.length, 1);
  for (const path of ['/agreements', '/rooms', '/requests', '/products']) assert.ok((await city.as('bureau-clerk').get(path)).status < 500, path);
  const moved = cases(home).filter((one) => !before.includes(one));
  assert.deepEqual(moved, [`resource ${draft} 1 registered`], 'a case was moved by the upgrade');
  clerk.close();
  city.as('bureau-clerk').close();
  city.anyone.close();
  assert.equal(await city.serve.stop(), 0, city.serve.output);
  await city.exchange.stop();
  const ran = await run(['audit', 'verify', '--home', home]);
  assert.equal(ran.code, 0, ran.out);
}

test('a city of the first program goes on where its cases stand', async () => {
  const home = await copyHome('upgrade-first', inFlight);
  const undone = makeOlder(home, isLater);
  assert.ok(undone.length >= 2);
  await goesOn(home);
});

// One migration after the other, as a city that takes every version.
for (const { number } of migrations().filter((one) => isLater(one.number)))
  test(`a city from before migration ${number} goes on`, async () => {
    const home = await copyHome(`upgrade-${number}`, inFlight);
    makeOlder(home, (one) => isLater(one) && one >= number);
    await goesOn(home);
  });

test('an older program would be told: a store with a migration that this one does not know is refused', async () => {
  const home = await copyHome('upgrade-newer', inFlight);
  const store = openStore(home, false);
  store.exec("INSERT INTO migration (number, name, sha256) VALUES (9999, 'later', 'x')");
  store.close();
  const ran = await run(['serve'], { DUKOU_HOME: home, DUKOU_PORT: '0' });
  assert.equal(ran.code, 1);
  assert.match(ran.err, /9999[\s\S]*newer than/);
});
