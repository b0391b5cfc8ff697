// A busy month in an hour (DUKOU_SOAK_SECONDS, DUKOU_SOAK_RATE): reads, steps, metered calls and queries of every party at once. No
// error, memory that does not grow, answers that stay as fast as they were, and a log that verifies at the end. Run by `make soak`.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { City } from '../support/city.ts';
import { Client, type Reply } from '../support/client.ts';

const SECONDS = Number(process.env.DUKOU_SOAK_SECONDS ?? 3600);
const RATE = Number(process.env.DUKOU_SOAK_RATE ?? 150); // operations begun a second
const AT_ONCE = 64; // above, what is due waits: the driver is no flood
// The first part of the time, at a higher rate: every reader's connection is opened, its statements are prepared and its cache is
// filled by then, and whatever grows after that has no end.
const WARM_UP = 0.2;
const WARM_UP_RATE = 6;
const MEMORY_GROWTH = 1.05; // and by more than a mebibyte: the keeper has four
const MEMORY_NOISE_KIB = 1024;
const SLOWER = 1.5; // the last third's 99th percentile against the first's
const NOISE_MS = 20; // differences below this say more of the machine than of the program

let city: City;
let room: number, product: number, entry: any, subjects: string[];
const requests: number[] = [];

before(async () => {
  city = await City.open('soak');
  room = (await city.as('developer-clerk').all('/rooms'))[0].id;
  entry = (await city.anyone.all('/catalogue')).find((one) => one.title.includes('保险'));
  product = (await city.anyone.all('/products')).find((one) => one.kind === 'verification').id;
  const rows = readFileSync(join(`${city.home}-sources`, 'hrss', 'social_insurance_synthetic.csv'), 'utf8').split('\n', 500);
  subjects = rows.slice(1).map((row) => row.split(',')[0]!);
  city.secrets.push(...subjects.slice(0, 50));
  await orderCalls();
});
after(() => city?.close());

// The demo's customer at the exchange, whose token nobody has kept, is given another.
function exchangeToken(): string {
  const token = randomBytes(32).toString('hex');
  const state = new DatabaseSync(join(city.home, 'exchange', 'exchange.sqlite'));
  state.exec('PRAGMA busy_timeout = 5000');
  state.prepare('UPDATE customer SET token = ? WHERE id = 1').run(createHash('sha256').update(token).digest('hex'));
  state.close();
  return token;
}

// A large order, with a legal basis that the operator accepts.
async function orderCalls(): Promise<void> {
  const clerk = city.as('customer-clerk');
  const { listing } = await clerk.does('GET', `/products/${product}`);
  const exchange = new Client(await city.exchange.url(), null, { Authorization: `Bearer ${exchangeToken()}` });
  const placed = await exchange.call('POST', '//orders', { json: { listing, quantity: 100_000_000, purpose: '核验' } });
  assert.equal(placed.status, 200, placed.text);
  exchange.close();
  let orders: any[] = [];
  for (let i = 0; i < 100 && !orders.some((one) => one.quantity === 100_000_000); i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    orders = (await clerk.all(`/orders?product_id=${product}`)).filter((one) => one.state === 'granted');
  }
  const document = await clerk.upload('合同', 'agreement', '服务合同');
  // An earlier order is used up first, and rests on its own basis.
  for (const order of orders) {
    const until = new Date(Date.parse(order.at) + 60 * 86_400_000).toISOString().slice(0, 10);
    const basis = await clerk.does('POST', `/orders/${order.id}/legal-bases`, { kind: 'contract', text: '为订立合同所必需', document_id: document.id, until_day: until });
    await city.as('operator-reviewer').does('POST', `/legal-bases/${basis.id}/accept`, {});
  }
}

// ---- what a busy month is made of ----

type Operation = { name: string; share: number; run: () => Promise<void> };

function good(reply: Reply): void {
  assert.ok(reply.status >= 200 && reply.status < 300, `${reply.status} ${reply.text.slice(0, 300)}`);
}

function pick<T>(list: T[]): T {
  return list[Math.floor(Math.random() * list.length)]!;
}

let names = 0;

async function askForData(): Promise<void> {
  const body = { room_id: room, entry_id: entry.id, table_name: `s${++names}`, purpose: '浸泡试验', columns: ['insurance'] };
  const reply = await city.as('developer-clerk').post('/requests', body);
  good(reply);
  requests.push(reply.json.id);
}

async function refuseOne(): Promise<void> {
  const id = requests.shift();
  if (id === undefined) return askForData();
  good(await city.as('operator-reviewer').post(`/requests/${id}/refuse`, { reason: '用途不清' }));
}

async function query(): Promise<void> {
  const sql = `SELECT insurance.insurance, COUNT(*) AS n, AVG(insurance.months_paid) AS m FROM insurance WHERE insurance.months_paid > ${Math.floor(Math.random() * 20)} GROUP BY insurance.insurance`;
  const reply = await city.as('developer-clerk').post(`/rooms/${room}/queries`, { sql });
  good(reply);
  for (let state = 'running'; state === 'running'; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = await city.as('developer-clerk').get(`/queries/${reply.json.id}`);
    good(now);
    state = now.json.state;
    assert.notEqual(state, 'failed', now.text);
  }
}

const reads: (() => Promise<Reply>)[] = [
  () => city.anyone.get(`/catalogue/${entry.id}`), () => city.anyone.get('/catalogue?limit=20'), () => city.anyone.get(`/catalogue?q=${encodeURIComponent(pick(['保险', '人口', '数据', '企业']))}`),
  () => city.anyone.get('/products'), () => city.anyone.get('/notices'), () => city.as('developer-clerk').get('/requests?limit=20'),
  () => city.as('developer-clerk').get(`/rooms/${room}`), () => city.as('developer-clerk').get(`/rooms/${room}/queries?limit=20`), () => city.as('bureau-clerk').get('/requests?limit=20'),
  () => city.as('bureau-clerk').get('/filings'), () => city.as('customer-clerk').get('/orders'), () => city.as('hrss-clerk').get('/resources?limit=20'), () => city.as('regulator-clerk').get('/credit-entries'),
];

const operations: Operation[] = [
  { name: 'read', share: 68, run: async () => good(await pick(reads)()) },
  { name: 'call', share: 20, run: async () => good(await city.as('customer-clerk').post(`/products/${product}/calls`, { subject: pick(subjects) })) },
  { name: 'step', share: 10, run: () => (Math.random() < 0.5 ? askForData() : refuseOne()) },
  { name: 'document', share: 1, run: async () => void (await city.as('developer-clerk').upload('材料', 'material', randomBytes(4096))) },
  { name: 'query', share: 1, run: query },
];

function draw(): Operation {
  let at = Math.random() * operations.reduce((sum, one) => sum + one.share, 0);
  return operations.find((one) => (at -= one.share) < 0) ?? operations[0]!;
}

// ---- what is watched ----

type Sample = { name: string; at: number; ms: number };
const samples: Sample[] = [];
const errors: string[] = [];

// serve and its keeper; the engine's workers come and go.
function lasting(): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // it has ended
    }
  }
  const serve = city.serve.child.pid!;
  const keeper = [...parents].filter(([, parent]) => parent === serve).map(([pid]) => pid);
  return [serve, ...keeper];
}

// Private memory of each, in KiB: what the process itself has taken.
function memory(pids: number[]): number[] {
  return pids.map((pid) => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return [...text.matchAll(/^Private_(?:Dirty|Clean|Hugetlb):\s+(\d+)/gm)].reduce((sum, found) => sum + Number(found[1]), 0);
  });
}

function descriptors(pids: number[]): number[] {
  return pids.map((pid) => readdirSync(`/proc/${pid}/fd`).length);
}

function percentile(values: number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
}

async function drive(until: number, watch: () => void): Promise<void> {
  const begun = performance.now();
  const warm = begun + WARM_UP * (until - begun);
  let due = 0;
  let counted = begun;
  let running = 0;
  let nextWatch = begun;
  while (performance.now() < until) {
    const now = performance.now();
    due += ((now - counted) / 1000) * RATE * (now < warm ? WARM_UP_RATE : 1);
    counted = now;
    for (; due >= 1 && running < AT_ONCE; due--) {
      const operation = draw();
      const at = performance.now();
      running++;
      operation.run().then(
        () => samples.push({ name: operation.name, at, ms: performance.now() - at }),
        (error) => errors.push(`${operation.name}: ${error}`),
      ).finally(() => running--);
    }
    if (performance.now() >= nextWatch) {
      watch();
      nextWatch += (SECONDS * 1000) / 60;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  while (running > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a busy month leaves no error, no growth and no slowness behind', async () => {
  const begun = performance.now();
  const pids = lasting();
  const seen: { at: number; memory: number[]; fds: number[] }[] = [];
  await drive(begun + SECONDS * 1000, () => seen.push({ at: performance.now(), memory: memory(pids), fds: descriptors(pids) }));
  const warm = begun + WARM_UP * SECONDS * 1000;
  const third = ((1 - WARM_UP) * SECONDS * 1000) / 3;
  const early = (at: number) => at >= warm && at < warm + third;
  const late = (at: number) => at >= warm + 2 * third;
  console.log(`${samples.length} operations in ${SECONDS} s, ${errors.length} errors`);
  const slow: string[] = [];
  for (const { name } of operations) {
    const of = (when: (at: number) => boolean) => samples.filter((one) => one.name === name && when(one.at)).map((one) => one.ms);
    const [first, last] = [percentile(of(early), 99), percentile(of(late), 99)];
    console.log(`${name}: ${samples.filter((one) => one.name === name).length}, p50 ${percentile(of(late), 50).toFixed(1)} ms, p99 ${first.toFixed(1)} ms in the first third, ${last.toFixed(1)} ms in the last`);
    if (last > first * SLOWER && last > first + NOISE_MS) slow.push(name);
  }
  const grown: string[] = [];
  for (const [i, name] of ['serve', 'keeper'].entries()) {
    const of = (when: (at: number) => boolean) => percentile(seen.filter((one) => when(one.at)).map((one) => one.memory[i]!), 50);
    const [first, last] = [of(early), of(late)];
    console.log(`${name}: private memory in MiB ${seen.map((one) => (one.memory[i]! / 1024).toFixed(1)).join(' ')}`);
    console.log(`${name}: private memory ${(first / 1024).toFixed(1)} MiB in the first third, ${(last / 1024).toFixed(1)} MiB in the last; descriptors ${seen[0]!.fds[i]} to ${seen.at(-1)!.fds[i]}`);
    if (last > first * MEMORY_GROWTH && last > first + MEMORY_NOISE_KIB) grown.push(`${name}: ${first} to ${last} KiB`);
  }
  assert.deepEqual(errors.slice(0, 5), []);
  assert.deepEqual(grown, []);
  assert.deepEqual(slow, []);
  assert.ok(samples.length > SECONDS * RATE * (1 + WARM_UP * (WARM_UP_RATE - 1)) * 0.9, `only ${samples.length} operations were done`);
});

test('its log verifies', async () => {
  const ran = await city.dukou('audit', 'verify');
  assert.equal(ran.code, 0, ran.out);
  console.log(ran.out.split('\n').slice(0, 5).join(', ').replaceAll('\t', ' '));
});
