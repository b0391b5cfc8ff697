// Every route that changes something, called with bodies that are wrong in every way its schema allows: a
// refusal that names the place, in both languages, and nothing changed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { badBodies, sample } from '../support/bad.ts';
import { City } from '../support/city.ts';
import { creditCode } from '../support/identifiers.ts';
import { NOWHERE, whoMay } from '../support/roles.ts';
import { content } from '../support/store.ts';

let city: City;
before(async () => (city = await City.open('bad-input')));
after(() => city?.close());

// The place itself or one inside it; any, where the whole body is wrong.
function isPlace(field: unknown, place: string | undefined): boolean {
  if (place === undefined) return typeof field === 'string';
  return field === place || String(field).startsWith(`${place}/`);
}

// What cannot be parsed has no members: the refusal counts lines or bytes.
function isTold(problem: any): boolean {
  const counts = /line \d+, column \d+|byte \d+|body is missing/i.test(problem.en.reason);
  return counts || typeof problem.field === 'string';
}

test('no wrong body gets further than a refusal, on any route', async () => {
  const before = content(city.home);
  const wrong: string[] = [];
  let sent = 0;
  for (const route of city.api.routes.filter((one) => one.body !== undefined)) {
    const player = (await whoMay(city, route)) ?? assert.fail(`nobody may ${route.method} ${route.path}`);
    const path = route.path.replace(/\{[^}]+\}/g, '1');
    const bodies = badBodies(city.api, route.body);
    const replies = await Promise.all(bodies.map((bad) => player.client.call(route.method, path, { raw: bad.raw, type: 'application/json' })));
    for (const [i, bad] of bodies.entries()) {
      const reply = replies[i]!;
      const what = `${player.login} ${route.method} ${path}, ${bad.what}: ${reply.status} ${reply.text.slice(0, 600)}`;
      const named = reply.status === 400 ? isTold(reply.json) : isPlace(reply.json?.field, bad.field);
      if (![400, 413, 422].includes(reply.status) || !named) wrong.push(what);
      sent++;
    }
  }
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${sent}`);
  assert.ok(sent > 3000, `only ${sent} bodies`);
  assert.deepEqual(content(city.home), before);
});

test('parameters that are unknown, repeated, out of range or no cursor are refused by name', async () => {
  const clerk = city.as('bureau-clerk');
  for (const [path, field] of [
    ['/resources?limit=0', 'limit'], ['/resources?limit=101', 'limit'], ['/resources?limit=x', 'limit'],
    ['/resources?limit=1&limit=2', 'limit'], ['/resources?cursor=garbage', 'cursor'], ['/resources?nothing=1', 'nothing'],
    ['/catalogue?q=%FF%FE', 'q'], [`/catalogue?q=${'长'.repeat(101)}`, 'q'], ['/catalogue?q=%00', 'q'],
    ['/orders?product_id=0', 'product_id'], ['/orders?product_id=1e3', 'product_id'],
  ] as const) {
    const reply = await clerk.get(path.includes('%') ? path : encodeURI(path));
    assert.ok([400, 422].includes(reply.status), `${path}: ${reply.status} ${reply.text}`);
    assert.ok([field, `/${field}`].includes(reply.json.field), `${path}: ${reply.text}`);
  }
});

test('numbers in a path that are none are nowhere', async () => {
  for (const number of ['0', '-1', '01', '1.0', '1e3', 'x', '9223372036854775808', '%31', '１', '1%00', '../1', '1;'])
    assert.ok([400, 404].includes((await city.as('bureau-clerk').get(`/resources/${encodeURI(number)}`)).status), number);
});

test('a credit code with a wrong check digit is refused by its place', async () => {
  const before = content(city.home);
  const right = creditCode('91420100MA4KWKXX0');
  const party = { role: 'developer', name: '某公司', login: 'some-clerk', password: 'a long password', account_name: '经办' };
  for (const digit of '0123456789ABCDEFGHJKLMNPQRTUWXYI') {
    const wrong = right.slice(0, 17) + digit;
    if (wrong === right) continue;
    const reply = await city.anyone.post('/parties', { ...party, credit_code: wrong });
    assert.equal(reply.status, 422, reply.text);
    assert.equal(reply.json.field, '/credit_code', wrong);
  }
  assert.deepEqual(content(city.home), before);
});

test('days that are none, and periods that end before they begin, are refused', async () => {
  const clerk = city.as('bureau-clerk');
  const body = sample(city.api, city.api.find('POST', '/api/agreements')!.body);
  for (const day of ['2026-02-30', '2026-13-01', '2025-02-29', '2026-2-3', '20260203', '0000-00-00', '2026-02-03T00:00:00Z']) {
    const reply = await clerk.post('/agreements', { ...body, from_day: day });
    assert.equal(reply.json.field, '/from_day', `${day}: ${reply.text}`);
  }
});

test('a body for a foreign or missing object is not looked at further than its schema', async () => {
  const reply = await city.as('operator-reviewer').post(`/products/${NOWHERE}/approve`, {});
  assert.equal(reply.status, 404);
});

test('after all that the server answers, and its log verifies', async () => {
  assert.equal((await city.anyone.call('GET', '//health')).status, 200);
  const verified = await city.dukou('audit', 'verify');
  assert.equal(verified.code, 0, verified.out);
});
