// Two serving processes on one store, one log and one keeper that runs apart: whatever one does holds at the other with its very next
// request, nothing is done twice, nothing is lost, and each goes on when the other or the keeper dies.
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { account } from './city.ts';
import { Client, type Reply } from './client.ts';
import { eventually } from './eventually.ts';
import { type Serving, Twins } from './twins.ts';

let twins: Twins;
let room: number;
let entry: any;

// The tests of one file, on whatever store `open` chooses.
export function testTwins(open: () => Promise<Twins>): void {
  before(async () => {
    twins = await open();
    room = (await twins.one.as('developer-clerk').all('/rooms'))[0].id;
    entry = (await twins.one.anyone.all('/catalogue')).find((one) => one.title.includes('保险'));
  });
  after(() => twins?.close());

  let names = 0;
  const request = () => ({ room_id: room, entry_id: entry.id, table_name: `t${++names}`, purpose: '并行试验', columns: ['insurance'] });

  function refused(reply: Reply, status: number): void {
    assert.equal(reply.status, status, reply.text);
    for (const part of [reply.json.zh.reason, reply.json.zh.remedy, reply.json.en.reason, reply.json.en.remedy]) assert.ok(part.length > 2, reply.text);
  }

  test('what one writes the other reads with the next request', async () => {
    for (let i = 0; i < 20; i++) {
      const [writer, reader] = [twins.each(i), twins.each(i + 1)];
      const made = await writer.as('developer-clerk').does('POST', '/requests', request());
      assert.equal((await reader.as('developer-clerk').does('GET', `/requests/${made.id}`)).state, 'submitted');
    }
  });

  test('of two that decide one case at once exactly one does, and the other is told why not', async () => {
    const cases = await Promise.all(Array.from({ length: 30 }, (_, i) => twins.each(i).as('developer-clerk').does('POST', '/requests', request())));
    await Promise.all(
      cases.map(async ({ id }) => {
        const decide = (at: Serving, reason: string) => at.as('operator-reviewer').post(`/requests/${id}/refuse`, { reason });
        const replies = await Promise.all([decide(twins.one, '甲'), decide(twins.two, '乙')]);
        const won = replies.filter((reply) => reply.status === 200);
        assert.equal(won.length, 1, replies.map((reply) => reply.text).join('\n'));
        refused(replies.find((reply) => reply.status !== 200)!, 409);
        const history = await twins.one.as('operator-reviewer').does('GET', `/requests/${id}/history`);
        assert.equal(history.items.filter((step: any) => step.event === 'refuse').length, 1);
      }),
    );
  });

  test('three hundred requests with keys that repeat at both are done once each and answered alike', async () => {
    const keys = Array.from({ length: 100 }, () => ({ key: randomUUID(), body: request() }));
    const before = twins.rows('SELECT COUNT(*) AS n FROM request')[0].n;
    const sent = [0, 1, 2].flatMap((round) => keys.map(({ key, body }, i) => ({ key, body, at: twins.each(i + round) })));
    const replies = await Promise.all(
      sent.map(async ({ key, body, at }) => ({ key, reply: await at.as('developer-clerk').post('/requests', body, { 'Idempotency-Key': key }) })),
    );
    for (const { key } of keys) {
      const same = replies.filter((one) => one.key === key).map((one) => one.reply);
      assert.equal(same.length, 3);
      for (const reply of same) {
        assert.equal(reply.status, 201, reply.text);
        assert.equal(reply.json.id, same[0]!.json.id);
      }
    }
    assert.equal(twins.rows('SELECT COUNT(*) AS n FROM request')[0].n, before + keys.length);
  });

  // ---- stopping: in force at the other with the very next request ----

  test('a session that ends at one has ended at the other', async () => {
    for (let i = 0; i < 4; i++) {
      const [here, there] = [twins.each(i), twins.each(i + 1)];
      const opened = await here.anyone.post('/session', { login: 'bureau-clerk', password: account('bureau-clerk').password });
      const Cookie = String(opened.headers['set-cookie']).split(';')[0]!;
      assert.equal((await there.anyone.get('/session', { Cookie })).status, 200);
      const out = await here.anyone.call('DELETE', '/session', { headers: { Cookie, 'X-CSRF-Token': opened.json.csrf } });
      assert.equal(out.status, 204, out.text);
      assert.equal((await there.anyone.get('/session', { Cookie })).status, 401);
    }
  });

  test('a duty that is taken away at one is gone at the other', async () => {
    const reviewer = (await twins.one.as('security-admin').all('/accounts')).find((one) => one.login === 'operator-reviewer');
    for (let i = 0; i < 4; i++) {
      const [here, there] = [twins.each(i), twins.each(i + 1)];
      const { id } = await here.as('developer-clerk').does('POST', '/requests', request());
      await here.as('security-admin').does('POST', `/accounts/${reviewer.id}/activate`, { duties: ['clerk'] });
      refused(await there.as('operator-reviewer').post(`/requests/${id}/refuse`, { reason: '越权' }), 403);
      await here.as('security-admin').does('POST', `/accounts/${reviewer.id}/activate`, { duties: ['reviewer'] });
      await there.as('operator-reviewer').does('POST', `/requests/${id}/refuse`, { reason: '用途不清' });
    }
  });

  test('wrong guesses at both count together, and the lock holds at both', async () => {
    const login = 'district-420103';
    const guess = (at: Serving, password: string) => at.anyone.post('/session', { login, password });
    for (let i = 0; i < 5; i++) assert.equal((await guess(twins.each(i), `wrong guess ${i}`)).status, 401);
    for (const at of [twins.one, twins.two]) assert.notEqual((await guess(at, account(login).password)).status, 200);
  });

  // ---- metering ----

  let product: number;
  const subjects: string[] = [];

  // The demo's customer at the exchange, whose token nobody has kept, is given another.
  async function order(quantity: number): Promise<any> {
    const token = randomBytes(32).toString('hex');
    const state = new DatabaseSync(join(twins.home, 'exchange', 'exchange.sqlite'));
    state.exec('PRAGMA busy_timeout = 5000');
    state.prepare('UPDATE customer SET token = ? WHERE id = 1').run(createHash('sha256').update(token).digest('hex'));
    state.close();
    const clerk = twins.one.as('customer-clerk');
    const { listing } = await clerk.does('GET', `/products/${product}`);
    const exchange = new Client(await twins.exchange.url(), null, { Authorization: `Bearer ${token}` });
    const placed = await exchange.call('POST', '//orders', { json: { listing, quantity, purpose: '核验' } });
    assert.equal(placed.status, 200, placed.text);
    exchange.close();
    let orders: any[] = [];
    await eventually('the order comes', async () => {
      orders = (await clerk.all(`/orders?product_id=${product}`)).filter((one) => one.state === 'granted');
      return orders.some((one) => one.quantity === quantity);
    });
    assert.equal(orders.filter((one) => one.quantity === quantity).length, 1, 'it was fetched twice');
    const document = await clerk.upload('合同', 'agreement', '服务合同');
    for (const one of orders) {
      const until = new Date(Date.parse(one.at) + 60 * 86_400_000).toISOString().slice(0, 10);
      const basis = await clerk.does('POST', `/orders/${one.id}/legal-bases`, { kind: 'contract', text: '为订立合同所必需', document_id: document.id, until_day: until });
      await twins.two.as('operator-reviewer').does('POST', `/legal-bases/${basis.id}/accept`, {});
    }
    return orders;
  }

  const used = () => Number(twins.rows('SELECT SUM(used) AS n FROM product_order')[0].n);
  const metered = () => Number(twins.rows('SELECT COUNT(*) AS n FROM meter')[0].n);
  const call = (at: Serving, subject: string, key: string) => at.as('customer-clerk').post(`/products/${product}/calls`, { subject }, { 'Idempotency-Key': key });

  test('calls of one product through both are metered once each, in one chain', async () => {
    product = (await twins.one.anyone.all('/products')).find((one) => one.kind === 'verification').id;
    const lines = readFileSync(join(`${twins.home}-sources`, 'hrss', 'social_insurance_synthetic.csv'), 'utf8').split('\n', 200);
    subjects.push(...lines.slice(1).map((line) => line.split(',')[0]!));
    await order(100_000);
    const [usedBefore, meteredBefore] = [used(), metered()];
    const keys = Array.from({ length: 200 }, (_, i) => ({ key: randomUUID(), subject: subjects[i % subjects.length]! }));
    const replies = await Promise.all(
      [0, 1].flatMap((round) => keys.map(async ({ key, subject }, i) => ({ key, reply: await call(twins.each(i + round), subject, key) }))),
    );
    for (const { key } of keys) {
      const [first, second] = replies.filter((one) => one.key === key).map((one) => one.reply);
      assert.ok(first!.status < 300, first!.text);
      assert.ok(second!.status < 300, second!.text);
      assert.deepEqual([first!.json.repeated, second!.json.repeated].sort(), [false, true]);
      assert.deepEqual({ ...first!.json, repeated: null }, { ...second!.json, repeated: null });
    }
    assert.equal(metered() - meteredBefore, keys.length);
    assert.equal(used() - usedBefore, keys.length);
    await twins.verify();
  });

  // ---- queries ----

  const QUICK = 'SELECT insurance.insurance, COUNT(*) AS n FROM insurance GROUP BY insurance.insurance';
  const LONG =
    'SELECT people.sex, COUNT(*) AS n, SUM(exp(ln(insurance.base_yuan) * 1.0001)) AS s FROM insurance ' +
    'JOIN people ON insurance.citizen_number = people.citizen_number JOIN many ON people.district = many.district GROUP BY people.sex';

  async function ask(at: Serving, sql: string): Promise<number> {
    return (await at.as('developer-clerk').does('POST', `/rooms/${room}/queries`, { sql })).id;
  }

  async function stateOf(at: Serving, id: number): Promise<any> {
    return at.as('developer-clerk').does('GET', `/queries/${id}`);
  }

  async function ends(at: Serving, id: number): Promise<any> {
    let now: any;
    await eventually(`query ${id} ends`, async () => (now = await stateOf(at, id)).state !== 'running');
    return now;
  }

  // Rows of the developer's own that each person meets by the thousand.
  async function importMany(): Promise<void> {
    const developer = twins.one.as('developer-clerk');
    const proof = await developer.upload('证明', 'proof', '合法来源');
    const columns = [{ name: 'district', type: 'text', use: 'key' }, { name: 'class', type: 'text', use: 'dimension' }];
    const made = await developer.does('POST', `/rooms/${room}/imports`, { title: 'many', table_name: 'many', proof_id: proof.id, columns });
    const districts = ['江岸区', '江汉区', '硚口区', '汉阳区', '武昌区', '青山区', '洪山区', '东西湖区', '汉南区', '蔡甸区', '江夏区', '黄陂区', '新洲区'];
    const lines = Array.from({ length: 600_000 }, (_, i) => `${districts[i % districts.length]},A`);
    assert.equal((await developer.put(`/imports/${made.id}/content`, `district,class\n${lines.join('\n')}\n`)).status, 200);
    await twins.two.as('operator-reviewer').does('POST', `/imports/${made.id}/accept`, {});
    await developer.does('POST', `/rooms/${room}/joins`, { left_table: 'people', left_column: 'district', right_table: 'many', right_column: 'district' });
  }

  test('a query that one runs is watched and cancelled through the other', async () => {
    await importMany();
    const id = await ask(twins.one, LONG);
    assert.equal((await stateOf(twins.two, id)).state, 'running');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal((await stateOf(twins.two, id)).state, 'running', 'it takes too little time to be stopped');
    await twins.two.as('developer-clerk').does('POST', `/queries/${id}/cancel`, {});
    const ended = await ends(twins.two, id);
    assert.equal(ended.state, 'failed', JSON.stringify(ended));
  });

  test('a third that starts ends no query of the two', async () => {
    const id = await ask(twins.one, LONG);
    const third = await twins.serve();
    assert.equal((await stateOf(third, id)).state, 'running');
    assert.equal(await third.service.stop(), 0, third.service.output);
    assert.equal((await stateOf(twins.two, id)).state, 'running');
    await twins.two.as('developer-clerk').does('POST', `/queries/${id}/cancel`, {});
    await ends(twins.one, id);
  });

  test('of one that is killed the queries are ended by the other, whose own go on', async () => {
    const [lost, kept] = [await ask(twins.two, LONG), await ask(twins.one, LONG)];
    await new Promise((resolve) => setTimeout(resolve, 300));
    await twins.two.kill();
    const ended = await ends(twins.one, lost);
    assert.equal(ended.state, 'failed');
    assert.match(ended.reason_en, /restarted/);
    assert.equal((await stateOf(twins.one, kept)).state, 'running');
    await twins.one.as('developer-clerk').does('POST', `/queries/${kept}/cancel`, {});
    await ends(twins.one, kept);
    twins.two = await twins.serve();
    assert.equal((await ends(twins.two, await ask(twins.two, QUICK))).state, 'done');
  });

  // ---- leading ----

  const leads = (serving: Serving) => /"event":"leads"/.test(serving.service.output);

  test('the leader is killed under load, three times: the other seals on, nothing acknowledged is lost and no number is missing', async () => {
    for (let round = 0; round < 3; round++) {
      let stop = false;
      const acknowledged: number[] = [];
      const drive = async (at: Serving) => {
        while (!stop) {
          const reply = await at.as('developer-clerk').post('/requests', request()).catch(() => null);
          if (reply?.status === 201) acknowledged.push(reply.json.id);
          else if (reply !== null) assert.fail(`${reply.status} ${reply.text}`);
          else return; // it was killed
        }
      };
      const drivers = [twins.one, twins.one, twins.one, twins.two, twins.two, twins.two].map(drive);
      await new Promise((resolve) => setTimeout(resolve, 700));
      // The first to start has led from the start; a killed one is followed by the other.
      await twins.one.kill();
      const killed = Date.now();
      const had = twins.entries();
      await eventually('the other leads', () => leads(twins.two));
      await eventually('the other seals what was there', () => twins.sealed() >= had);
      assert.ok(Date.now() - killed < 15_000);
      stop = true;
      await Promise.all(drivers);
      const there = new Set(twins.rows('SELECT id FROM request').map((row) => Number(row.id)));
      assert.deepEqual(acknowledged.filter((id) => !there.has(id)), []);
      const gaps = twins.rows('SELECT COUNT(*) AS n, MIN(entry) AS low, MAX(entry) AS high FROM audit_salt')[0];
      assert.equal(Number(gaps.n), Number(gaps.high) - Number(gaps.low) + 1);
      await twins.verify();
      twins.one = twins.two;
      twins.two = await twins.serve();
      assert.ok(!leads(twins.two));
    }
  });

  test('a leader that stops in good order is followed too', async () => {
    assert.equal(await twins.one.service.stop(), 0, twins.one.service.output);
    await eventually('the other leads', () => leads(twins.two));
    twins.one = twins.two;
    await twins.one.as('developer-clerk').does('POST', '/requests', request());
    const had = twins.entries();
    await eventually('it seals', () => twins.sealed() >= had);
    twins.two = await twins.serve();
  });

  test('without the keeper what needs it is answered 503 and all else goes on; when it is back, both find it and the log goes on', async () => {
    twins.keeper.child.kill('SIGKILL');
    await twins.keeper.ended;
    for (const at of [twins.one, twins.two]) {
      await eventually('it is noticed', async () => (await call(at, subjects[0]!, randomUUID())).status === 503);
      const reply = await at.as('developer-clerk').post(`/rooms/${room}/queries`, { sql: QUICK });
      refused(reply, 503);
      await at.as('developer-clerk').does('POST', '/requests', request());
      assert.equal((await at.anyone.get('/catalogue')).status, 200);
    }
    twins.keeper = twins.startKeeper();
    for (const at of [twins.one, twins.two]) {
      await eventually('it is found again', async () => (await call(at, subjects[1]!, randomUUID())).status < 300);
      assert.equal((await ends(at, await ask(at, QUICK))).state, 'done');
    }
    const had = twins.entries();
    await eventually('the log goes on', () => twins.sealed() >= had);
    await twins.verify();
  });

  // ---- the end ----

  test('a room that is closed at one takes no query at the other, and what that runs is stopped', async () => {
    const id = await ask(twins.two, LONG);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await twins.one.as('operator-reviewer').does('POST', `/rooms/${room}/close`, { reason: '试验结束' });
    refused(await twins.two.as('developer-clerk').post(`/rooms/${room}/queries`, { sql: QUICK }), 409);
    assert.equal((await ends(twins.two, id)).state, 'failed');
  });

  test('an agreement that ends at one ends its log-ins, calls and offers at the other', async () => {
    assert.ok((await call(twins.two, subjects[2]!, randomUUID())).status < 300);
    const agreement = (await twins.one.as('bureau-clerk').all('/agreements'))[0].id;
    const closed = await twins.one.as('bureau-approver').does('POST', `/agreements/${agreement}/close`, { reason: '协议到期' });
    assert.equal(closed.state, 'closed');
    assert.equal((await twins.two.as('operator-clerk').get('/rooms')).status, 401);
    refused(await call(twins.two, subjects[2]!, randomUUID()), 409);
    await twins.verify();
  });

  test('a reply that is kept in memory for the public is dropped when the other process changes what it tells', async () => {
    const listed = await twins.one.anyone.all('/catalogue');
    assert.ok(listed.length >= 2);
    for (const [i, { id }] of listed.entries()) {
      for (const at of [twins.one, twins.two, twins.one, twins.two]) assert.equal((await at.anyone.get(`/catalogue/${id}`)).status, 200);
      await twins.each(i).as('bureau-approver').does('POST', `/entries/${id}/delist`, { reason: '不再提供' });
      for (const at of [twins.each(i + 1), twins.each(i)]) assert.equal((await at.anyone.get(`/catalogue/${id}`)).status, 404);
    }
  });
}
