// PostgreSQL dies, is full, or fails over, under the load of two serving processes: what needs it is answered 503 and nothing else, both go
// on by themselves when it is back, what was acknowledged is there, once, and the log goes on without a gap.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test, type TestContext } from 'node:test';
import { Client, type Reply } from '../support/client.ts';
import { Postgres } from '../support/postgres_server.ts';
import { eventually } from '../support/eventually.ts';
import { type Serving, Twins } from '../support/twins.ts';

const SLOWEST_MS = 20_000; // that any answer took, on a busy machine

const primary = Postgres.start('max_connections = 40\n');
const standby = Postgres.standbyOf(primary);
let twins: Twins;
let room: number;
let entry: any;
before(async () => {
  twins = await Twins.open('postgres-faults', primary, Postgres.url(primary, standby));
  room = (await twins.one.as('developer-clerk').all('/rooms'))[0].id;
  entry = (await twins.one.anyone.all('/catalogue')).find((one) => one.title.includes('保险'));
});
after(async () => {
  await twins?.close();
  standby.remove();
  primary.remove();
});

async function health(): Promise<number> {
  const client = new Client(twins.one.url, null);
  const { status } = await client.call('GET', '//health');
  client.close();
  return status;
}

let names = 0;

class Load {
  readonly acknowledged = new Map<string, { body: any; id: number }>();
  slowest = 0;
  refused = 0;
  #stop = false;
  #fault: unknown = null;
  readonly #drivers: Promise<void>[];

  constructor(t: TestContext) {
    t.after(() => void (this.#stop = true));
    this.#drivers = [twins.one, twins.one, twins.one, twins.two, twins.two, twins.two].map((at) => this.#drive(at).catch((error) => void (this.#fault ??= error)));
  }

  async #drive(at: Serving): Promise<void> {
    while (!this.#stop) {
      const key = randomUUID();
      const body = { room_id: room, entry_id: entry.id, table_name: `f${++names}`, purpose: '故障试验', columns: ['insurance'] };
      // As a careful client does: again with the same key, until it is answered, for it may have been done.
      for (;;) {
        const reply = await this.#send(at, key, body);
        if (reply.status === 201) {
          this.acknowledged.set(key, { body, id: reply.json.id });
          break;
        }
        assert.equal(reply.status, 503, reply.text);
        assert.ok(reply.json.zh.remedy.length > 2, reply.text);
        this.refused++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #send(at: Serving, key: string, body: any): Promise<Reply> {
    const begun = performance.now();
    const reply = await at.as('developer-clerk').post('/requests', body, { 'Idempotency-Key': key });
    this.slowest = Math.max(this.slowest, performance.now() - begun);
    return reply;
  }

  async until(count: number): Promise<void> {
    const goal = this.acknowledged.size + count;
    await eventually(`${count} more are done`, () => this.#fault !== null || this.acknowledged.size >= goal);
    if (this.#fault !== null) throw this.#fault;
  }

  async stop(): Promise<void> {
    this.#stop = true;
    await Promise.all(this.#drivers);
    if (this.#fault !== null) throw this.#fault;
  }
}

async function allIsWell(load: Load): Promise<void> {
  await load.stop();
  console.log(`${load.acknowledged.size} done, ${load.refused} refused, the slowest answer took ${Math.round(load.slowest)} ms`);
  for (const at of [twins.one, twins.two]) assert.equal(at.service.child.exitCode, null, at.service.output);
  assert.ok(load.slowest < SLOWEST_MS, `an answer took ${load.slowest} ms`);
  const ids = [...load.acknowledged.values()].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const there = new Map(twins.rows("SELECT id, table_name FROM request WHERE table_name LIKE 'f%'").map((row) => [Number(row.id), row.table_name]));
  for (const { id, body } of load.acknowledged.values()) assert.equal(there.get(id), body.table_name);
  const doubled = twins.rows('SELECT table_name FROM request GROUP BY table_name, room_id HAVING COUNT(*) > 1');
  assert.deepEqual(doubled, []);
  // Sent again, at the other: answered as before, done no second time.
  for (const [key, { body, id }] of [...load.acknowledged].slice(-10))
    assert.equal((await twins.two.as('developer-clerk').post('/requests', body, { 'Idempotency-Key': key })).json.id, id);
  const numbers = twins.rows('SELECT COUNT(*) AS n, MIN(entry) AS low, MAX(entry) AS high FROM audit_salt')[0];
  assert.equal(Number(numbers.n), Number(numbers.high) - Number(numbers.low) + 1);
  await twins.verify();
}

test('the server is killed under load and started again, twice', async (t) => {
  for (let round = 0; round < 2; round++) {
    const load = new Load(t);
    await load.until(20);
    twins.server!.kill();
    await eventually('it is noticed', () => load.refused > 0);
    await eventually('the balancer is told', async () => (await health()) === 503);
    twins.server!.up();
    await load.until(50);
    await eventually('it is well again', async () => (await health()) === 200);
    await allIsWell(load);
  }
});

test('the server has no connection left, and then has again', async (t) => {
  const release = await twins.server!.exhaust();
  t.after(release);
  const load = new Load(t);
  await eventually('some are refused', () => load.refused > 0);
  release();
  await load.until(50);
  await allIsWell(load);
});

test('the standby takes over', async (t) => {
  const load = new Load(t);
  await load.until(20);
  primary.kill();
  await eventually('it is noticed', () => load.refused > 0);
  standby.promote();
  twins.server = standby;
  await load.until(100);
  await allIsWell(load);
});
