// Who may do what: every route called by everybody, against what the document declares. Input is looked at only
// after permission (src/http/README.md, rule 2): a caller who is let through gets told that the body is wrong.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { City } from '../support/city.ts';
import type { Route } from '../support/openapi.ts';
import { cast, collectIds, mayCall, NOWHERE, type Player } from '../support/roles.ts';
import { content } from '../support/store.ts';

let city: City;
before(async () => (city = await City.open('matrix')));
after(() => city?.close());

const refusedInput = [400, 404, 413, 415, 422];

function nowhere(route: Route): string {
  return route.path.replace(/\{[^}]+\}/g, String(NOWHERE));
}

async function knock(route: Route, player: Player) {
  const json = route.method === 'GET' || route.upload ? undefined : { 'no such member': 1 };
  return player.client.call(route.method, nowhere(route), { json });
}

test('nobody gets 401 and the wrong role or duty 403, on every route', async () => {
  const before = content(city.home);
  let refused = 0;
  for (const route of city.api.routes)
    for (const player of await cast(city)) {
      if (mayCall(route, player)) continue;
      const reply = await knock(route, player);
      const what = `${player.login} ${route.method} ${route.path}: ${reply.text}`;
      assert.equal(reply.status, player.role === 'public' ? 401 : 403, what);
      refused++;
    }
  assert.ok(refused > 1500, `only ${refused} pairs`);
  assert.deepEqual(content(city.home), before);
});

test('a role that may is let through to the body, on every route that changes something', async () => {
  const before = content(city.home);
  let passed = 0;
  for (const route of city.api.routes) {
    if (route.method === 'GET') continue;
    for (const player of await cast(city)) {
      if (!mayCall(route, player)) continue;
      // Without a body to be wrong, these would be done: logging out, ending a token.
      if (route.method === 'DELETE' && !route.path.includes('{')) continue;
      const reply = await knock(route, player);
      assert.ok(refusedInput.includes(reply.status), `${player.login} ${route.method} ${route.path}: ${reply.status} ${reply.text}`);
      passed++;
    }
  }
  assert.ok(passed > 200, `only ${passed} pairs`);
  assert.deepEqual(content(city.home), before);
});

test('dukou permissions tells of every route what the document tells', async () => {
  const report = await city.dukou('permissions');
  assert.equal(report.code, 0);
  const lines = report.out.split('\n');
  const names = lines.flatMap((line) => /^ ?\d+ (\w+) \(/.exec(line)?.[1] ?? []);
  assert.ok(names.length > 10);
  const rows = lines.map((line) => line.trim().split(/\s+/)).filter((row) => row[1]?.startsWith('/'));
  assert.equal(rows.length, city.api.routes.length);
  for (const route of city.api.routes) {
    const row = rows.find(([method, path]) => method === route.method && path === route.path);
    assert.ok(row, `${route.method} ${route.path} is not in the report`);
    const roles = names.filter((_, i) => row[4 + i] === '●');
    assert.deepEqual(roles.toSorted(), route.roles.toSorted(), row.join(' '));
    assert.equal(row[2], route.permission);
    assert.equal(row[3], route.duties.length > 0 ? route.duties.join(',') : '-', row.join(' '));
  }
});

test('objects of another party are not there: 404, as for a number that is nowhere', async () => {
  const ids = await collectIds(city);
  const stranger = city.as('candidate-clerk'); // an operator that was not chosen
  const request = ids.get('requests')![0];
  for (const path of [
    `/requests/${request}`, `/requests/${request}/history`, `/rooms/${ids.get('rooms')![0]}`,
    `/rooms/${ids.get('rooms')![0]}/queries`, `/rooms/${ids.get('rooms')![0]}/policy`, `/queries/${ids.get('queries')![0]}`,
    `/imports/${ids.get('imports')![0]}`, `/admissions/${ids.get('admissions')![0]}`,
    `/orders/${ids.get('orders')![0]}`, `/bills/${ids.get('bills')![0]}`, `/agreements/${ids.get('agreements')![0]}`,
  ]) {
    const reply = await stranger.get(path);
    assert.equal(reply.status, 404, `${path}: ${reply.text}`);
    assert.doesNotMatch(reply.text, new RegExp(`"id":${request}\\b`));
  }
  assert.deepEqual(await stranger.all('/rooms'), []);
  assert.deepEqual(await stranger.all('/requests'), []);
  assert.deepEqual(await stranger.all('/bills'), []);
});

test('a document is read by its party and by those it was handed to, and by nobody else', async () => {
  const made = await city.as('developer-clerk').upload('内部材料', 'material', '只给本单位');
  for (const part of ['', '/content']) {
    assert.equal((await city.as('developer-clerk').get(`/documents/${made.id}${part}`)).status, 200);
    for (const login of ['candidate-clerk', 'customer-clerk', 'hrss-clerk', 'operator-clerk', 'government-clerk'])
      assert.equal((await city.as(login).get(`/documents/${made.id}${part}`)).status, 404, login);
    assert.equal((await city.anyone.get(`/documents/${made.id}${part}`)).status, 401);
  }
});

test('nobody works in a foreign room', async () => {
  const room = (await collectIds(city)).get('rooms')![0];
  const stranger = city.as('candidate-clerk');
  const sql = 'SELECT COUNT(*) AS n FROM insurance';
  assert.equal((await stranger.post(`/rooms/${room}/queries`, { sql })).status, 404);
  assert.equal((await stranger.post(`/rooms/${room}/close`, { reason: '试试' })).status, 404);
  const own = { title: 't', table_name: 'mine', columns: [{ name: 'a', type: 'text', use: 'key' }] };
  assert.equal((await stranger.post(`/rooms/${room}/imports`, own)).status, 404);
});
