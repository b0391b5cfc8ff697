// Other sides that are slow, dead, lying, or say things twice: the exchange, and sources. docs/faults.md says what the
// platform does then; here it is seen.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { account, copyHome } from '../support/city.ts';
import { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { run, Service } from '../support/process.ts';
import { openStore } from '../support/store.ts';
import { makeBase, type Base } from './base.ts';

type Answer = (request: IncomingMessage, reply: ServerResponse, body: string) => void;

const honest: Answer = (_, reply) => say(reply, { items: [] });

function say(reply: ServerResponse, value: unknown, status = 200): void {
  reply.writeHead(status, { 'Content-Type': 'application/json' }).end(typeof value === 'string' ? value : JSON.stringify(value));
}

// The exchange's place, with whatever manners a test gives it.
class Peer {
  answer: Answer = honest;
  readonly told: string[] = [];
  readonly #server: Server;
  url = '';
  constructor() {
    this.#server = createServer((request, reply) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        this.told.push(`${request.method} ${request.url}`);
        this.answer(request, reply, body);
      });
    });
  }
  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  hangUp(): void {
    this.#server.closeAllConnections();
  }
  close(): void {
    this.#server.close();
    this.hangUp();
  }
}

const peer = new Peer();
let home: string;
let serve: Service;
let customer: Client;
let clerk: Client;

before(async () => {
  await peer.open();
  home = await copyHome('peers');
  const token = join(home, 'peer.token');
  await writeFile(token, 'a'.repeat(64), { mode: 0o600 });
  serve = new Service(['serve'], { DUKOU_HOME: home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1', DUKOU_ACCOUNT_PER_MINUTE: '10000000', DUKOU_EXCHANGE: peer.url, DUKOU_EXCHANGE_TOKEN: token });
  const url = await serve.url();
  customer = new Client(url, null, { Authorization: `Bearer ${account('customer-clerk').token}` });
  clerk = new Client(url, null, { Authorization: `Bearer ${account('bureau-clerk').token}` });
});
after(async () => {
  for (const client of [customer, clerk]) client?.close();
  peer.close();
  assert.equal(await serve?.stop(), 0, serve?.output);
  const verified = await run(['audit', 'verify'], { DUKOU_HOME: home });
  assert.equal(verified.code, 0, verified.out);
});

function sealed(): number {
  return Number(readFileSync(join(home, 'log', 'checkpoint'), 'utf8').split('\n')[1]);
}

async function seesSealing(): Promise<void> {
  const made = await clerk.upload('随便', 'material', `${Math.random()}`);
  await eventually(`entry ${made.entry} is sealed`, () => sealed() > made.entry, 8);
}

const buyer = { name: '江汉商业银行（演示）', credit_code: '91420100900000025K' };
let number = 100;
const order = (more: object = {}) => ({ order: ++number, product: 2, quantity: 5, purpose: '试验', customer: buyer, ...more });

function ordersAtExchange(value: unknown): Answer {
  let given = false;
  return (request, reply) => {
    if (request.method !== 'GET') return say(reply, {});
    say(reply, given ? { items: [] } : value);
    given = true;
  };
}

async function takes(exchangeOrder: number, state: string): Promise<any> {
  let found: any;
  await eventually(`order ${exchangeOrder} is ${state}`, () => {
    const store = openStore(home);
    found = store.prepare('SELECT * FROM product_order WHERE exchange_order = ?').get(exchangeOrder);
    store.close();
    return found?.state === state;
  });
  return found;
}

test('an exchange that accepts and never answers holds up neither sealing nor anybody else', async () => {
  peer.answer = () => undefined;
  const before = peer.told.length;
  await eventually('it is asked', () => peer.told.length > before);
  await seesSealing();
  await seesSealing();
  peer.answer = honest;
  peer.hangUp();
});

test('an exchange that cuts off, errs, or answers what is no answer is asked again, and its next good order is taken', async () => {
  const manners: [string, Answer][] = [
    ['cuts off', (request) => request.socket.destroy()],
    ['cuts off within', (_, reply) => { reply.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' }); reply.write('{"items":['); setTimeout(() => reply.destroy(), 20); }],
    ['errs', (_, reply) => say(reply, { title: 'broken' }, 500)],
    ['is no exchange', (_, reply) => reply.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>')],
    ['sends half a JSON', (_, reply) => say(reply, '{"items":[{"order":')],
    ['sends no list', (_, reply) => say(reply, { items: 'none' })],
    ['sends a list of anything', (_, reply) => say(reply, { items: [null, 7, 'x', []] })],
    ['sends numbers that are none', (_, reply) => say(reply, { items: [{ order: 'seven' }, { order: -1 }, { order: 1.5 }] })],
    ['sends deep JSON', (_, reply) => say(reply, `{"items":${'['.repeat(5000)}${']'.repeat(5000)}}`)],
    ['sends too much', (_, reply) => say(reply, `{"items":[],"x":"${'x'.repeat(20 * 1024 * 1024)}"}`)],
    ['sends elsewhere', (_, reply) => reply.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end()],
    ['is not ours', (_, reply) => say(reply, { title: 'no' }, 401)],
  ];
  for (const [what, manner] of manners) {
    const asked = peer.told.length;
    peer.answer = manner;
    await eventually(`the exchange that ${what} is asked again`, () => peer.told.length >= asked + 2);
    assert.equal((await clerk.get('/session')).status, 200, what);
  }
  const good = order();
  peer.answer = ordersAtExchange({ items: [good] });
  await takes(good.order, 'granted');
  await seesSealing();
});

test('an order that is said twice is taken once, and so is its answer', async () => {
  const good = order();
  peer.answer = (request, reply) => (request.method === 'GET' ? say(reply, { items: [good] }) : say(reply, {}, 500));
  await takes(good.order, 'granted');
  const asked = peer.told.length;
  await eventually('it goes on', () => peer.told.length > asked + 4);
  peer.answer = (request, reply) => say(reply, request.method === 'GET' ? { items: [] } : {});
  await eventually('the answer is given', () => peer.told.includes(`POST /orders/${good.order}/state`));
  const store = openStore(home);
  await eventually('it is kept', () => (store.prepare('SELECT answered_at FROM product_order WHERE exchange_order = ?').get(good.order) as any).answered_at !== null);
  assert.equal((store.prepare('SELECT count(*) AS n FROM product_order WHERE exchange_order = ?').get(good.order) as any).n, 1);
  store.close();
});

test('orders that make no sense are refused with a reason, and none of them gives a right', async () => {
  const senseless: [string, object][] = [
    ['an unknown product', order({ product: 999_999 })], ['no quantity', order({ quantity: 0 })], ['less than nothing', order({ quantity: -5 })],
    ['a quantity in words', order({ quantity: 'all' })], ['an unknown customer', order({ customer: { name: '无', credit_code: '91420100MA4KWKXX0X' } })],
    ['no customer', order({ customer: null })], ['a customer who is another', order({ customer: { name: '市数据局', credit_code: 'x' } })],
    ['a name without end', order({ customer: { ...buyer, name: '长'.repeat(200_000) } })], ['a purpose without end', order({ purpose: '长'.repeat(200_000) })],
  ];
  for (const [what, one] of senseless) {
    peer.answer = ordersAtExchange({ items: [one] });
    const found = await takes((one as any).order, 'refused');
    assert.ok(found.reason.length > 3, what);
    assert.ok(found.customer_name.length <= 200 && (found.purpose ?? '').length <= 2000, `${what} is stored at length`);
  }
});

test('an exchange that never ends its list holds up nobody, and costs no memory', async () => {
  const filler = 'x'.repeat(1024 * 1024);
  peer.answer = (request, reply) => (request.method === 'GET' ? say(reply, { items: [{ ...order({ product: 999_999 }), filler }] }) : say(reply, {}));
  const from = peer.told.length;
  await eventually('it has sent much', () => peer.told.length > from + 40, 60);
  await seesSealing();
  const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${serve.child.pid}/status`, 'utf8'))![1]);
  assert.ok(resident < 400 * 1024, `${resident} KiB`);
  peer.answer = honest;
});

// ---- sources ----

test('deliveries that are cut short, changed, of another order, or come again are refused, and nothing of them is stored', async (context) => {
  const base: Base = await makeBase();
  const source = new Service(['serve'], { DUKOU_HOME: base.home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1' });
  const client = new Client(await source.url(), null, { Authorization: `Bearer ${account('land-source').token}` });
  context.after(() => client.close());
  const [first, second] = base.deliveries;
  const state = (number: number) => {
    const store = openStore(base.home);
    const row: any = store.prepare('SELECT o.state, r.digest FROM source_order o JOIN call_grant r ON r.id = o.grant_id WHERE o.id = ?').get(number);
    store.close();
    return row;
  };
  const flipped = Buffer.from(first!.sealed);
  flipped[flipped.length - 20]! ^= 1;
  const lies: [string, Buffer][] = [
    ['another order', second!.sealed], ['cut short', first!.sealed.subarray(0, first!.sealed.length - 5)], ['only its head', first!.sealed.subarray(0, 96)], ['one byte changed', flipped],
    ['rows in clear', Buffer.from('kind,amount\n甲,1\n')], ['twice in one', Buffer.concat([first!.sealed, first!.sealed])], ['nothing much', Buffer.from([0])],
  ];
  for (const [what, bytes] of lies) {
    const reply = await client.put(`/source/orders/${first!.order}/slice`, bytes);
    assert.ok(reply.status >= 400 && reply.status < 500, `${what}: ${reply.status} ${reply.text}`);
    assert.ok(reply.json.zh.remedy.length > 2 && reply.json.en.remedy.length > 2, what);
    assert.deepEqual({ ...state(first!.order) }, { state: 'open', digest: null }, what);
  }
  const good = await client.put(`/source/orders/${first!.order}/slice`, first!.sealed);
  assert.equal(good.status, 200, good.text);
  const replayed = await client.put(`/source/orders/${first!.order}/slice`, first!.sealed);
  assert.equal(replayed.status, 409, replayed.text);
  assert.equal(await source.stop(), 0, source.output);
  const verified = await run(['audit', 'verify'], { DUKOU_HOME: base.home });
  assert.equal(verified.code, 0, verified.out);
});
