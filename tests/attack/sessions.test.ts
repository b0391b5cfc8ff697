// Sessions, cookies and tokens as an attacker sees them: forged requests, fixed sessions, guesses.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { stopped } from '../support/attack.ts';
import { account, City } from '../support/city.ts';
import type { Client, Reply } from '../support/client.ts';
import { content, openStore } from '../support/store.ts';
import { speak } from '../support/wire.ts';

let city: City;
before(async () => (city = await City.open('attack-sessions')));
after(() => city?.close());

const LOGIN_FAILURES = 5; // src/base/limits.h

function logIn(login: string, password = account(login).password, headers?: Record<string, string>): Promise<Reply> {
  return city.anyone.post('/session', { login, password }, headers);
}

type Browser = { client: Client; csrf: string; token: string };

async function browser(login: string, headers?: Record<string, string>): Promise<Browser> {
  const reply = await logIn(login, undefined, headers);
  assert.equal(reply.status, 200, reply.text);
  const token = /^dukou_session=([^;]+)/.exec(String(reply.headers['set-cookie']))![1]!;
  city.secrets.push(token, reply.json.csrf);
  return { client: city.anyone.with({ Cookie: `dukou_session=${token}` }), csrf: reply.json.csrf, token };
}

test('no change by cookie without the token of that session, wherever else a token may stand', async () => {
  const [one, other] = [await browser('land-clerk'), await browser('police-clerk')];
  const before = content(city.home);
  const json = { code: 'CSRF', title: 'x' };
  const tries: [string, Record<string, string>, string, string?][] = [
    ['none', {}, ''], ['empty', { 'X-CSRF-Token': '' }, ''], ['of another session', { 'X-CSRF-Token': other.csrf }, ''], ['the session itself', { 'X-CSRF-Token': one.token }, ''],
    ['cut', { 'X-CSRF-Token': one.csrf.slice(0, -1) }, ''], ['longer', { 'X-CSRF-Token': `${one.csrf}0` }, ''], ['in capitals', { 'X-CSRF-Token': one.csrf.toUpperCase() + 'A' }, ''], ['a list', { 'X-CSRF-Token': `${other.csrf}, ${one.csrf}` }, ''],
    ['under another name', { 'X-XSRF-Token': one.csrf, 'CSRF-Token': one.csrf, 'X-CSRFToken': one.csrf }, ''], ['in a cookie', { Cookie: `dukou_session=${one.token}; csrf=${one.csrf}; X-CSRF-Token=${one.csrf}` }, ''],
    ['its own origin claimed', { Origin: city.url, Referer: `${city.url}/` }, ''], ['as an XMLHttpRequest', { 'X-Requested-With': 'XMLHttpRequest', 'Sec-Fetch-Site': 'same-origin' }, ''],
  ];
  for (const [what, headers] of tries)
    for (const [method, path, sent] of [['POST', '/resources', json], ['PUT', '/resources/1', json], ['DELETE', '/session', undefined], ['POST', '/tokens', { title: 't', days: 1 }], ['POST', '/password', { old: 'x', password: 'a long password' }]] as const) {
      const reply = await one.client.call(method, path, { json: sent, headers });
      assert.equal(reply.status, 403, `${what}: ${method} ${path}: ${reply.text}`);
      assert.equal(reply.json.field, 'X-CSRF-Token');
    }
  for (const path of [`/resources?csrf=${one.csrf}`, `/resources?X-CSRF-Token=${one.csrf}`]) assert.equal((await one.client.post(path, json)).status, 403);
  assert.equal((await one.client.post('/resources', { ...json, csrf: one.csrf, 'X-CSRF-Token': one.csrf })).status, 403);
  const upload = await one.client.call('POST', '/documents?title=t&kind=other', { raw: 'x', type: 'application/octet-stream' });
  assert.equal(upload.status, 403, upload.text);
  assert.deepEqual(content(city.home), before);
  assert.equal((await one.client.post('/resources', json, { 'X-CSRF-Token': one.csrf })).status, 201, 'with it the same request is done');
  stopped({ chapter: 'session', name: 'CSRF token', tried: `${tries.length} kinds of missing, foreign, altered or misplaced tokens with 5 kinds of change, an upload, and tokens in the query and the body.`, stopped: 'http: gate.c', seen: '403 that names X-CSRF-Token; the right one is taken' });
});

test('what a form or an image of another site can send is refused before it is read', async () => {
  const { client } = await browser('land-clerk');
  const before = content(city.home);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain; application/json', '']) {
    assert.equal((await client.call('POST', '/resources', { raw: '{"code":"FORM","title":"x"}', type })).status, 403);
    // Log-in itself has no token to show: there the type of the content keeps forms out (log-in CSRF).
    const { login, password } = account('land-clerk');
    const reply = await city.anyone.call('POST', '/session', { raw: JSON.stringify({ login, password }), type });
    assert.equal(reply.status, 415, type);
    assert.equal(reply.headers['set-cookie'], undefined);
  }
  for (const path of ['/catalogue', '/session', '/nothing']) {
    const reply = await client.call('OPTIONS', path, { headers: { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' } });
    for (const name of Object.keys(reply.headers)) assert.doesNotMatch(name, /^access-control/, path);
  }
  // Nothing that a link or an image can ask for changes anything.
  for (const route of city.api.routes.filter((one) => one.method === 'GET' && !one.path.includes('{') && !one.events)) await client.get(route.path);
  assert.deepEqual(content(city.home), before);
  stopped({ chapter: 'session', name: 'cross-site requests', tried: 'Forms of four types, log-in by a form, preflights from a foreign origin, and every GET route by a link.', stopped: 'http: input.c, gate.c', seen: '403, 415; no Access-Control field; a GET changes nothing' });
});

test('a session that somebody gave is never taken up; log-in always makes a new one', async () => {
  const given = 'f'.repeat(64);
  city.secrets.push(given);
  const seen = new Set<string>();
  for (const cookie of [`dukou_session=${given}`, `dukou_session=${given}; dukou_session=${given}`, 'dukou_session=', `x=1; dukou_session=${given}`]) {
    const { token } = await browser('land-clerk', { Cookie: cookie });
    assert.notEqual(token, given);
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.ok(!seen.has(token));
    seen.add(token);
    assert.equal((await city.anyone.get('/session', { Cookie: cookie })).status, 401);
  }
  const first = await browser('police-clerk');
  assert.equal((await logIn('police-clerk', undefined, { Cookie: `dukou_session=${first.token}` })).status, 403, 'a live session needs its token to log in over it');
  const second = await browser('police-clerk', { Cookie: `dukou_session=${first.token}`, 'X-CSRF-Token': first.csrf });
  assert.notEqual(second.token, first.token);
  assert.notEqual(second.csrf, first.csrf);
  for (const path of [`/session?dukou_session=${first.token}`, `/session?token=${first.token}`, `/session;dukou_session=${first.token}`]) assert.notEqual((await city.anyone.get(path)).status, 200);
  assert.equal((await city.anyone.get('/session', { Authorization: `Bearer ${first.token}` })).status, 401, 'a session is no token');
  const made = account('police-clerk').token;
  assert.equal((await city.anyone.get('/session', { Cookie: `dukou_session=${made}` })).status, 401, 'a token is no session');
  stopped({ chapter: 'session', name: 'session fixation', tried: 'Log-in with a cookie that the attacker chose, an old one, two at once; sessions in the query, in the path, as a token; a token as a session.', stopped: 'party_session.c', seen: 'a new session of 256 bits each time; 401' });
});

test('the cookie is out of reach of scripts, other sites and other paths', async () => {
  const reply = await logIn('land-clerk');
  const cookie = String(reply.headers['set-cookie']);
  city.secrets.push(/=([^;]+)/.exec(cookie)![1]!);
  for (const flag of [/; HttpOnly(;|$)/, /; SameSite=Strict(;|$)/, /; Path=\/(;|$)/, /; Max-Age=\d+(;|$)/]) assert.match(cookie, flag);
  assert.doesNotMatch(cookie, /Domain=/i);
  assert.match(String(reply.headers['cache-control']), /no-store/);
});

test('log-out, a changed password and an ended account end every session of it at once', async () => {
  const [one, two] = [await browser('transport-clerk'), await browser('transport-clerk')];
  assert.equal((await one.client.call('DELETE', '/session', { headers: { 'X-CSRF-Token': one.csrf } })).status, 204);
  assert.equal((await one.client.get('/session')).status, 401);
  assert.equal((await two.client.get('/session')).status, 200);
  const fresh = 'eine ganz neue Losung';
  city.secrets.push(fresh);
  const old = account('transport-clerk').password;
  assert.equal((await two.client.post('/password', { old, password: fresh }, { 'X-CSRF-Token': two.csrf })).status, 200);
  assert.equal((await two.client.get('/session')).status, 401);
  assert.equal((await city.as('transport-clerk').get('/session')).status, 401, 'its tokens too');
  const again = await logIn('transport-clerk', fresh);
  const token = /^dukou_session=([^;]+)/.exec(String(again.headers['set-cookie']))![1]!;
  city.secrets.push(token);
  const three = city.anyone.with({ Cookie: `dukou_session=${token}` });
  const accounts = await city.as('security-admin').all('/accounts');
  const id = accounts.find((each) => each.login === 'transport-clerk').id;
  await city.as('security-admin').does('POST', `/accounts/${id}/end`, {});
  assert.equal((await three.get('/session')).status, 401);
  assert.equal((await logIn('transport-clerk', fresh)).status, 401);
  stopped({ chapter: 'session', name: 'sessions that should be over', tried: 'Cookies and tokens after log-out, after a change of the password, and after the end of the account.', stopped: 'party_session.c', seen: '401' });
});

test('a wrong password, an unknown name, a locked name and a locked unknown name are told alike', async () => {
  const strip = (reply: Reply) => {
    const { date, 'x-request-id': _, ...headers } = reply.headers;
    return JSON.stringify([reply.status, headers, reply.json]);
  };
  const guess = (login: string) => logIn(login, 'not the password');
  const token = (login: string) => city.anyone.post('/session/token', { login, password: 'not the password', title: 't', days: 1 });
  for (const ask of [guess, token]) {
    const names = ask === guess ? ['health-clerk', 'no-such-name-1'] : ['district-420103', 'no-such-name-2'];
    for (let i = 0; i < LOGIN_FAILURES + 2; i++) {
      const replies = [];
      for (const name of names) replies.push(await ask(name));
      assert.equal(replies[0]!.status, i < LOGIN_FAILURES ? 401 : 429);
      assert.equal(strip(replies[0]!), strip(replies[1]!), `attempt ${i}`);
    }
  }
  stopped({ chapter: 'session', name: 'which log-in names there are', tried: 'Wrong passwords for a known and for an unknown name until both are locked.', stopped: 'party_session.c', seen: 'the replies are the same but for Date and X-Request-Id, before and after the lock' });
});

// CPU time of the server, in ticks of 10 ms.
function ticks(): number {
  const stat = readFileSync(`/proc/${city.serve.child.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

test('known and unknown names cost the same work', async () => {
  const ROUNDS = 8;
  const known = ['district-420104', 'district-420105', 'district-420106', 'district-420107', 'district-420111', 'district-420112', 'district-420113', 'district-420114'];
  const cost = { known: 0, unknown: 0, right: 0, locked: 0, 'locked unknown': 0 };
  const measure = async (kind: keyof typeof cost, login: string, password?: string) => {
    const before = ticks();
    const reply = await logIn(login, password);
    cost[kind] += ticks() - before;
    return reply.status;
  };
  for (let i = 0; i < ROUNDS; i++) { // by turns, so that what else the machine does meets all alike
    assert.equal(await measure('known', known[i]!, 'not the password'), 401);
    assert.equal(await measure('unknown', `unknown-name-${i}`, 'not the password'), 401);
    assert.equal(await measure('right', known[i]!), 200);
    assert.equal(await measure('locked', 'health-clerk', 'not the password'), 429);
    assert.equal(await measure('locked unknown', 'no-such-name-1', 'not the password'), 429);
  }
  const said = JSON.stringify(cost);
  assert.ok(cost.known >= ROUNDS * 2, `Argon2id is not seen in the ticks: ${said}`);
  for (const kind of ['unknown', 'right'] as const) assert.ok(cost[kind] > cost.known * 0.6 && cost[kind] < cost.known * 1.7, said);
  for (const kind of ['locked', 'locked unknown'] as const) assert.ok(cost[kind] < cost.known / 3, said);
  stopped({ chapter: 'session', name: 'timing of log-in', tried: 'The processor time of 8 log-ins each: wrong password, unknown name, right password, locked name, locked unknown name.', stopped: 'party_session.c', seen: 'the first three cost one Argon2id each, the last two none' });
});

test('guesses that run side by side do not outrun the lock', async () => {
  const { login, password } = account('district-420115');
  const guess = (word: string) => {
    const body = JSON.stringify({ login, password: word });
    return speak(city.url, `POST /api/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  const heard = await Promise.all(Array.from({ length: 30 }, (_, i) => guess(`guess number ${i}`)));
  const wrong = heard.filter((one) => one.answers[0]?.status === 401).length;
  assert.ok(wrong <= LOGIN_FAILURES, `${wrong} guesses were judged`);
  assert.equal((await guess(password)).answers[0]?.status, 429, 'the right one comes too late');
  const store = openStore(city.home);
  const row: any = store.prepare('SELECT locked_until FROM login_failure WHERE login = ?').get(login);
  store.close();
  assert.ok(row.locked_until > 0);
  stopped({ chapter: 'session', name: 'guesses side by side', tried: '30 wrong passwords for one name at once, and then the right one.', stopped: 'party_session.c: the lock is asked again in the transaction', seen: 'no more than 5 are judged, the others and the right one get 429' });
});

test('who locks a name does not lock out its owner, who has logged in from that browser before', async () => {
  const { login, password } = account('district-420116');
  const cookies = ((await logIn(login)).headers['set-cookie'] as unknown as string[]).map((one) => one.split(';')[0]!);
  const browser = cookies.find((one) => one.startsWith('dukou_browser='))!;
  city.secrets.push(...cookies.map((one) => one.slice(one.indexOf('=') + 1)));
  for (let i = 0; i < LOGIN_FAILURES; i++) assert.equal((await logIn(login, `guess number ${i}`)).status, 401);
  assert.equal((await logIn(login)).status, 429, 'a browser that nobody knows');
  const altered = browser.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  assert.equal((await logIn(login, password, { Cookie: altered })).status, 429);
  assert.equal((await logIn(login, password, { Cookie: browser })).status, 200);
  // A stolen one is worth five guesses, and those do not come again by trying side by side.
  const guesses = await Promise.all(Array.from({ length: 12 }, (_, i) => logIn(login, `guess number ${i}`, { Cookie: browser })));
  assert.ok(guesses.filter((one) => one.status === 401).length <= LOGIN_FAILURES);
  assert.equal((await logIn(login, password, { Cookie: browser })).status, 429);
  stopped({ chapter: 'session', name: 'locking somebody out', tried: 'Five wrong guesses by a stranger; then the owner from a browser known from an earlier log-in, from another, and with an altered cookie; then guesses with that cookie.', stopped: 'party_browser.c: a known browser has its own count', seen: 'the owner is let in from the known browser alone; there, too, five guesses lock' });
});

test('tokens are long, unlike each other, looked up by digest, and a part of one is worth nothing', async () => {
  const clerk = city.as('land-clerk');
  const tokens: string[] = [];
  for (let i = 0; i < 32; i++) tokens.push((await clerk.does('POST', '/tokens', { title: `t${i}`, days: 1 })).token);
  city.secrets.push(...tokens);
  for (const token of tokens) assert.match(token, /^[0-9a-f]{64}$/);
  assert.equal(new Set(tokens).size, tokens.length);
  // 32 tokens of 64 digits: each digit at each place is there about twice; a place where few are is no chance.
  for (let at = 0; at < 64; at++) assert.ok(new Set(tokens.map((token) => token[at])).size >= 6, `place ${at}`);
  const [token] = tokens as [string];
  const replies = new Set<string>();
  for (const guess of [token.slice(0, 63), token.slice(0, 32), `${token}0`, token.toUpperCase(), `0${token.slice(1)}`, `${token.slice(0, 63)}${token[63] === '0' ? '1' : '0'}`, '0'.repeat(64), ` ${token} x`, `${token},${tokens[1]}`, token.replace(/./g, '%')]) {
    if (guess === token) continue;
    const reply = await city.anyone.get('/session', { Authorization: `Bearer ${guess}` });
    assert.equal(reply.status, 401, guess);
    if (/^[0-9a-zA-Z]+$/.test(guess)) replies.add(reply.text);
  }
  assert.equal(replies.size, 1, 'a guess with a right beginning is told otherwise');
  const store = openStore(city.home);
  const rows: any[] = store.prepare('SELECT digest FROM token UNION SELECT digest FROM session').all();
  store.close();
  for (const row of rows) {
    assert.match(row.digest, /^[0-9a-f]{64}$/);
    assert.ok(!tokens.includes(row.digest));
    assert.equal((await city.anyone.get('/session', { Authorization: `Bearer ${row.digest}` })).status, 401, 'the stored digest is no token');
  }
  stopped({ chapter: 'session', name: 'guessing tokens', tried: 'Parts, prolongations and neighbours of a token, two at once, and the digests that the store holds.', stopped: 'party_session.c: 256 random bits, found by their SHA-256', seen: '401, the same for all' });
});
