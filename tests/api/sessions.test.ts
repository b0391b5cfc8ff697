// Logging in and out, by cookie and by token.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { account, City } from '../support/city.ts';
import type { Reply } from '../support/client.ts';
import { allRows } from '../support/store.ts';

let city: City;
before(async () => (city = await City.open('sessions')));
after(() => city?.close());

function logIn(login: string, password = account(login).password): Promise<Reply> {
  return city.anyone.post('/session', { login, password });
}

// The session's; beside it stands the one by which the browser is known again.
function cookieOf(reply: Reply): string {
  const set = (reply.headers['set-cookie'] ?? []) as string[];
  assert.deepEqual(set.map((one) => one.split('=')[0]), ['dukou_session', 'dukou_browser']);
  for (const one of set) city.secrets.push(/=([^;]+)/.exec(one)![1]!);
  for (const flag of [/; *HttpOnly/i, /; *SameSite=Strict/i, /; *Path=\//i]) assert.match(set[1]!, flag);
  return set[0]!;
}

async function browser(login: string) {
  const reply = await logIn(login);
  const cookie = cookieOf(reply).split(';')[0]!;
  return { client: city.anyone.with({ Cookie: cookie }), csrf: String(reply.json.csrf), cookie };
}

test('the cookie is out of reach of scripts and of other sites', async () => {
  const reply = await logIn('bureau-clerk');
  assert.equal(reply.status, 200, reply.text);
  const cookie = cookieOf(reply);
  for (const flag of [/; *HttpOnly/i, /; *SameSite=(Strict|Lax)/i, /; *Path=\//i]) assert.match(cookie, flag);
  assert.doesNotMatch(reply.text, new RegExp(/=([^;]+)/.exec(cookie)![1]!), 'the session is in the body too');
  assert.match(reply.headers['cache-control'] ?? '', /no-store/);
});

test('a wrong password and a login that nobody has are refused alike', async () => {
  const [wrong, unknown] = [await logIn('government-clerk', 'not the password'), await logIn('no-such-login', 'not the password')];
  assert.equal(wrong.status, 401);
  assert.equal(unknown.status, 401);
  assert.deepEqual(wrong.json, unknown.json);
});

test('changing anything by cookie needs the CSRF token, reading does not', async () => {
  const { client, csrf } = await browser('bureau-clerk');
  const resource = { resource_id: 1 };
  assert.equal((await client.get('/session')).status, 200);
  for (const sent of [undefined, { 'X-CSRF-Token': 'wrong' }, { 'X-CSRF-Token': `${csrf}x` }]) {
    const reply = await client.post('/entries', resource, sent);
    assert.equal(reply.status, 403, reply.text);
    assert.equal(reply.json.field, 'X-CSRF-Token');
  }
  assert.notEqual((await client.post('/entries', resource, { 'X-CSRF-Token': csrf })).status, 403);
});

test("another session's CSRF token does not count", async () => {
  const [one, other] = [await browser('bureau-clerk'), await browser('hrss-clerk')];
  assert.equal((await one.client.post('/entries', { resource_id: 1 }, { 'X-CSRF-Token': other.csrf })).status, 403);
});

test('after logging out the cookie is worth nothing', async () => {
  const { client, csrf } = await browser('hrss-clerk');
  const out = await client.call('DELETE', '/session', { headers: { 'X-CSRF-Token': csrf } });
  assert.equal(out.status, 204, out.text);
  assert.match(String(out.headers['set-cookie']), /Max-Age=0|Expires=Thu, 01 Jan 1970/i);
  assert.equal((await client.get('/session')).status, 401);
  assert.equal((await client.get('/catalogue')).status, 200, 'it reads what the public reads');
});

test('five wrong guesses lock the account, the right password included, and the security administrator unlocks it', async () => {
  for (let i = 0; i < 5; i++) assert.equal((await logIn('district-420102', `guess number ${i}`)).status, 401);
  const locked = await logIn('district-420102');
  assert.ok([401, 403, 423, 429].includes(locked.status), locked.text);
  const token = { login: 'district-420102', password: account('district-420102').password, title: 't', days: 1 };
  assert.notEqual((await city.anyone.post('/session/token', token)).status, 201);
  assert.equal((await city.as('district-420102').get('/session')).status, 200, 'what is open stays open');
  const accounts = await city.as('security-admin').all('/accounts');
  const id = accounts.find((one) => one.login === 'district-420102').id;
  assert.equal((await city.as('bureau-clerk').post(`/accounts/${id}/unlock`)).status, 403);
  await city.as('security-admin').does('POST', `/accounts/${id}/unlock`, {});
  assert.equal((await logIn('district-420102')).status, 200);
});

test('a bearer token works without a cookie and without CSRF, and not after it was ended', async () => {
  const made = await city.as('land-clerk').does('POST', '/tokens', { title: '脚本', days: 30 });
  city.secrets.push(made.token);
  const client = city.anyone.with({ Authorization: `Bearer ${made.token}` });
  assert.equal((await client.get('/session')).status, 200);
  assert.equal((await city.as('police-clerk').call('DELETE', `/tokens/${made.id}`)).status, 404, "another's token");
  await city.as('land-clerk').does('DELETE', `/tokens/${made.id}`);
  const after = await client.get('/session');
  assert.equal(after.status, 401);
  assert.equal((await client.get('/catalogue')).status, 401, 'a dead token is refused everywhere');
});

test('what is no token is refused: odd characters, another scheme, too long, empty', async () => {
  for (const value of ['Bearer', 'Bearer ', 'Bearer a b', 'Basic YTpi', `Bearer ${'x'.repeat(2000)}`, "Bearer ' OR 1=1", 'x'])
    assert.equal((await city.anyone.get('/session', { Authorization: value })).status, 401, value);
});

test('neither passwords, nor tokens, nor sessions lie in the store as they are', async () => {
  const { cookie } = await browser('bureau-approver');
  const secrets = [account('bureau-approver').password, account('bureau-approver').token, cookie.split('=')[1]!];
  for (const [table, rows] of allRows(city.home))
    for (const row of rows)
      for (const secret of secrets)
        for (const form of [secret, Buffer.from(secret).toString('hex')]) assert.ok(!row.includes(form), `a secret is in table ${table}`);
});

test('the three administrators are three accounts, and none can do what the others do', async () => {
  const may = new Map<string, string[]>();
  for (const login of ['system-admin', 'security-admin', 'audit-admin']) {
    const session = await city.as(login).does('GET', '/session');
    assert.equal(session.party, 0);
    may.set(session.role, city.api.routes.filter((route) => route.roles.includes(session.role) && route.method !== 'GET').map((route) => `${route.method} ${route.path}`));
  }
  assert.deepEqual([...may.keys()].sort(), ['audit_admin', 'security_admin', 'system_admin']);
  const [audit, security] = [may.get('audit_admin')!, may.get('security_admin')!];
  assert.ok(security.includes('POST /accounts/{id}/activate') && !audit.includes('POST /accounts/{id}/activate'));
  assert.ok(audit.includes('POST /logs/purge') && !security.includes('POST /logs/purge'));
});

test('a password is changed only by who knows the old one, and the old one ends', async () => {
  const client = city.as('candidate-clerk');
  const old = account('candidate-clerk').password;
  const fresh = '新的口令 2026 够长';
  city.secrets.push(fresh);
  assert.ok([401, 403, 422].includes((await client.post('/password', { old: 'wrong one', password: fresh })).status));
  assert.equal((await client.post('/password', { old, password: 'short' })).status, 422);
  assert.ok((await client.post('/password', { old, password: fresh })).status < 300);
  assert.equal((await logIn('candidate-clerk')).status, 401);
  assert.equal((await logIn('candidate-clerk', fresh)).status, 200);
});
