// One canary through the whole job: its values lie in a provider's table, are delivered, become a product, and
// are destroyed with the agreement. They are never in clear below DUKOU_HOME.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { account, City, root } from '../support/city.ts';
import { citizenNumber } from '../support/identifiers.ts';
import { run } from '../support/process.ts';

const ROWS = 400;
const TEXT = 'kanari-7f3a9c51';
const FIRST_YEAR = 1961;

let city: City;
let folder: string; // of the provider's agent
let agreement: number;
let room: number;
const subjects = Array.from({ length: ROWS }, (_, i) => {
  const year = FIRST_YEAR + (i % 40);
  return citizenNumber(`421087${year}0${1 + (i % 9)}1${i % 9}${String(i).padStart(3, '0')}`);
});
const code = 'CANARY-1';

before(async () => {
  city = await City.open('exit');
  city.secrets.push(TEXT, ...subjects);
  folder = join(`${city.home}-sources`, 'land');
  await mkdir(folder, { recursive: true });
  agreement = (await city.as('bureau-clerk').all('/agreements'))[0].id;
  room = (await city.as('developer-clerk').all('/rooms'))[0].id;
});
after(() => city?.close());

// Everything that lies below HOME: no canary, in any encoding that it might have been copied in.
function assertNoCanary(when: string): void {
  const needles = [TEXT, ...subjects.slice(0, 50)].flatMap((text) => [
    Buffer.from(text), Buffer.from(text, 'utf16le'), Buffer.from(Buffer.from(text).toString('base64').replace(/=*$/, '').slice(0, -1)), Buffer.from(Buffer.from(text).toString('hex')),
  ]);
  let files = 0;
  for (const entry of readdirSync(city.home, { recursive: true, withFileTypes: true })) {
    // What the sealer is writing has another name in a moment, under which it is read then.
    if (!entry.isFile() || entry.parentPath.endsWith('/log/tmp')) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    files++;
    for (const needle of needles) assert.ok(!bytes.includes(needle), `${when}: a canary lies in ${path}`);
  }
  assert.ok(files > 10);
}

function agent(...args: string[]) {
  return run(['source', '--config', join(folder, 'source.json'), ...args]);
}

async function source(...args: string[]): Promise<string> {
  const ran = await agent(...args);
  assert.equal(ran.code, 0, ran.out + ran.err);
  return ran.out + ran.err;
}

async function writeSource(): Promise<void> {
  const lines = subjects.map((subject, i) => `${subject},${TEXT}-${i},${i % 4 === 0 ? '甲' : '乙'},${i}`);
  await writeFile(join(folder, 'canary.csv'), `citizen_number,note,kind,amount\n${lines.join('\n')}\n`);
  await writeFile(join(folder, 'token'), account('land-source').token, { mode: 0o600 });
  const keys = JSON.parse(readFileSync(join(root, 'order_key.json'), 'utf8'));
  const config = {
    platform: city.url, token_file: 'token', state: 'state', order_key: keys.order_ed25519, clock: join(city.home, 'clock'),
    resources: [{ code, kind: 'csv', path: 'canary.csv' }],
  };
  await writeFile(join(folder, 'source.json'), JSON.stringify(config));
}

test('describing a resource moves no row', async () => {
  await writeSource();
  await source('describe', code);
  const said = await city.as('land-clerk').does('GET', '/resources?limit=1');
  assert.ok(Array.isArray(said.items));
  assertNoCanary('after describing');
});

test('registering, listing and authorising it moves no row', async () => {
  const clerk = city.as('land-clerk');
  const item = (name: string, type: string, use: string, level: number) => ({ name, title: name, type, nullable: true, use, level, ...(level > 1 ? { sensitive: 'citizen_number' } : {}) });
  const resource = await clerk.does('POST', '/resources', {
    code, title: '金丝雀', abstract: '测试', category: '测试/测试/测试', industry: '测试', region: '全市', format: 'CSV', share_type: 'conditional',
    openness: '有条件开放', share_mode: '调用', update_cycle_days: 365, personal: true, origin: 'original', subject_item: 'citizen_number',
    subject_kind: 'resident', updated_day: '2026-11-01',
    items: [item('citizen_number', 'text', 'key', 4), item('note', 'text', 'dimension', 1), item('kind', 'text', 'dimension', 1), item('amount', 'integer', 'measure', 1)],
  });
  await clerk.does('POST', `/resources/${resource.id}/register`, {});
  await city.as('land-approver').does('POST', `/resources/${resource.id}/grade`, { grade: 'general', level: 3 });
  const entry = await city.as('bureau-clerk').does('POST', '/entries', { resource_id: resource.id });
  await clerk.does('POST', `/entries/${entry.id}/concur`, {});
  await city.as('bureau-approver').does('POST', `/entries/${entry.id}/list`, {});
  const authorisation = await clerk.does('POST', '/authorisations', { entry_id: entry.id, from_day: await today() });
  await city.as('land-approver').does('POST', `/authorisations/${authorisation.id}/approve`, {});
  assertNoCanary('before approval');
});

// The demo city's clock runs ahead of this machine's.
async function today(): Promise<string> {
  const offset = Number(readFileSync(join(city.home, 'clock')).readBigInt64LE(0) / 1000n);
  return new Date(Date.now() + offset + 8 * 3600_000).toISOString().slice(0, 10);
}

test('without an approved request the agent delivers nothing', async () => {
  await source('once');
  const entry = (await city.anyone.all('/catalogue')).find((one) => one.code === code);
  const columns = ['note', 'kind', 'amount'];
  await city.as('developer-clerk').does('POST', '/requests', { room_id: room, entry_id: entry.id, table_name: 'canary', purpose: '试验', columns });
  await source('once');
  const request = (await city.as('developer-clerk').all('/requests')).find((one) => one.code === code);
  assert.notEqual(request.state, 'delivered');
  assertNoCanary('before approval');
});

test('once approved just the approved columns are delivered, and lie encrypted', async () => {
  const request = (await city.as('developer-clerk').all('/requests')).find((one) => one.code === code);
  await city.as('operator-reviewer').does('POST', `/requests/${request.id}/approve`, {});
  await source('once');
  const delivered = await city.as('developer-clerk').does('GET', `/requests/${request.id}`);
  assert.equal(delivered.state, 'delivered', JSON.stringify(delivered));
  assert.equal(delivered.row_count, ROWS);
  assertNoCanary('after delivery');
});

async function query(sql: string): Promise<any> {
  const reply = await city.as('developer-clerk').post(`/rooms/${room}/queries`, { sql });
  assert.ok(reply.status < 300, reply.text);
  for (let i = 0; i < 400; i++) {
    const now = await city.as('developer-clerk').does('GET', `/queries/${reply.json.id}`);
    if (now.state !== 'running') return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('the query does not end');
}

test('a query over it is sealed: the developer sees its shape and no value', async () => {
  const done = await query('SELECT canary.kind, COUNT(*) AS n, SUM(canary.amount) AS total FROM canary GROUP BY canary.kind');
  assert.equal(done.state, 'done', JSON.stringify(done));
  assert.doesNotMatch(JSON.stringify(done.shape), /甲|乙|kanari/);
  assertNoCanary('after a query');
  const refused = await city.as('developer-clerk').post(`/rooms/${room}/queries`, { sql: 'SELECT canary.note FROM canary' });
  assert.equal(refused.status, 422);
});

test('a table made of it is reviewed and filed, and the review shows cells, never rows', async () => {
  const queries = await city.as('developer-clerk').all(`/rooms/${room}/queries`);
  const developer = city.as('developer-clerk');
  const product = await developer.does('POST', '/products', { room_id: room, tier: 'data_product', kind: 'table', title: '金丝雀表', description: '测试', query_id: queries.at(-1).id });
  await developer.does('POST', `/products/${product.id}/prices`, { per_call_fen: 1, from_day: await today() });
  await developer.does('POST', `/products/${product.id}/submit`, {});
  const sheet = await city.as('operator-reviewer').get(`/products/${product.id}/review-sheet`);
  assert.equal(sheet.status, 200);
  assert.doesNotMatch(sheet.text, /kanari/);
  assert.equal((await developer.get(`/products/${product.id}/review-sheet`)).status, 403);
  await city.as('operator-reviewer').does('POST', `/products/${product.id}/approve`, {});
  await city.as('operator-clerk').does('POST', `/products/${product.id}/file`, {});
  assertNoCanary('after filing');
});

test('closing the agreement ends log-ins within a second, and leaves one account that sees the hand-over alone', async () => {
  const accounts = await city.as('security-admin').all('/accounts');
  const operator = accounts.find((one) => one.login === 'operator-approver');
  await city.as('security-admin').does('POST', `/accounts/${operator.id}/hand-over`, {});
  const began = Date.now();
  const closing = city.as('bureau-approver').does('POST', `/agreements/${agreement}/close`, { reason: '协议到期' });
  let ended = 0;
  while (ended === 0 && Date.now() - began < 5000) if ((await city.as('operator-clerk').get('/rooms')).status === 401) ended = Date.now() - began;
  const closed = await closing;
  assert.equal(closed.state, 'closed');
  assert.ok(ended > 0 && ended < 1000, `after ${ended} ms`);
  for (const login of ['operator-clerk', 'operator-reviewer']) assert.equal((await city.as(login).get('/session')).status, 401, login);
  const again = await city.anyone.post('/session', { login: 'operator-clerk', password: account('operator-clerk').password });
  assert.equal(again.status, 401, again.text);
});

test('the hand-over account sees the hand-over and nothing else', async () => {
  let client = city.as('operator-approver');
  if ((await client.get('/session')).status === 401) {
    const { login, password } = account('operator-approver');
    const token = await city.anyone.does('POST', '/session/token', { login, password, title: '交接', days: 30 });
    city.secrets.push(token.token);
    client = city.anyone.with({ Authorization: `Bearer ${token.token}` });
  }
  const session = await client.does('GET', '/session');
  assert.equal(session.hand_over_only, true);
  assert.equal((await client.get(`/agreements/${agreement}/hand-over`)).status, 200);
  // It reads what the public reads, its session, and the hand-over; every other route is shut.
  for (const route of city.api.routes.filter((one) => !one.handOver && one.roles.includes('operator'))) {
    const reply = await client.call(route.method, route.path.replace(/\{[^}]+\}/g, '1'));
    assert.equal(reply.status, 403, `${route.method} ${route.path}`);
  }
  const open = city.api.routes.filter((one) => one.handOver && !one.roles.includes('public')).map((one) => one.path);
  assert.deepEqual([...new Set(open)].filter((path) => !/^\/(session|tokens|password)/.test(path)), ['/agreements/{id}/hand-over']);
});

test('queries in its rooms are refused from then on', async () => {
  const reply = await city.as('developer-clerk').post(`/rooms/${room}/queries`, { sql: 'SELECT COUNT(*) AS n FROM insurance' });
  assert.ok([401, 403, 404, 409].includes(reply.status), `${reply.status} ${reply.text}`);
});

test('the deletion certificates list the keys of what was called in, and those keys are gone', async () => {
  const handed = await city.as('bureau-clerk').does('GET', `/agreements/${agreement}/hand-over`);
  const keys: string[] = handed.certificates.map((one: any) => one.key_name);
  const grants = keys.filter((name) => name.startsWith('grant'));
  assert.ok(grants.length >= 3, keys.join(' '));
  assert.ok(keys.some((name) => name.startsWith('import')), keys.join(' '));
  const left = readdirSync(join(city.home, 'keys'));
  for (const name of keys) assert.ok(!left.includes(`${name}.key`), `${name}.key is there`);
});

test('after closing no canary is left, and the log verifies', async () => {
  assertNoCanary('after closing');
  const verified = await city.dukou('audit', 'verify');
  assert.equal(verified.code, 0, verified.out);
});
