// What must be true of a city that was killed and started again, held against the journal of what it had answered.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openStore, type Store } from '../support/store.ts';
import type { Base } from './base.ts';
import { Chance, type Asked, type Link } from './load.ts';

const yes = (asked: Asked) => asked.status !== undefined && asked.status >= 200 && asked.status < 300;

// A city that has just started may ask for a moment's patience (503).
async function patiently(link: Link, asked: Asked): Promise<Asked> {
  for (let i = 0; i < 100; i++) {
    const answer = await link.send({ ...asked });
    if (answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return link.send({ ...asked });
}

// The upload of that title, when it is there.
async function findDocument(link: Link, asked: Asked): Promise<Asked | undefined> {
  for (let after = ''; ; ) {
    const page = await link.send({ what: 'list', login: asked.login, method: 'GET', path: `/documents?limit=100${after}` });
    const found = page.reply.items.find((one: any) => one.title === asked.note.title);
    if (found !== undefined) return { ...asked, status: 201, reply: found };
    if (page.reply.next === null || page.reply.next === undefined) return undefined;
    after = `&cursor=${encodeURIComponent(page.reply.next)}`;
  }
}

// Who sends a request that was cut off again, with its key, is told to look first and then to take a new key
// (docs/faults.md).
async function again(link: Link, asked: Asked): Promise<Asked> {
  const fresh = { ...asked, status: undefined, reply: undefined, text: undefined };
  const first = await patiently(link, fresh);
  if (first.status !== 409 || first.reply?.field !== 'Idempotency-Key') return first;
  return (asked.what === 'document' ? await findDocument(link, asked) : undefined) ?? link.send({ ...fresh, status: undefined, key: `${asked.key}-again` });
}

// Everything that got no answer is sent again, and some of what did.
export async function askAgain(link: Link, journal: Asked[], chance: Chance): Promise<void> {
  const seen = new Set<string>();
  for (const asked of journal) {
    const twin = asked.key !== undefined && seen.has(asked.key);
    if (asked.key !== undefined) seen.add(asked.key);
    if (yes(asked) && asked.key !== undefined && chance.below(8) === 0 && asked.what !== 'query') {
      const repeated = await patiently(link, { ...asked, status: undefined, reply: undefined, text: undefined });
      assert.equal(repeated.status, asked.status, `${asked.what} again: ${repeated.text}`);
      if (asked.what !== 'call') assert.equal(repeated.text, asked.text, `${asked.what} again`);
      else assert.equal(repeated.reply.answer, asked.reply.answer);
    }
    if (asked.status !== undefined || twin) continue;
    const answer = await again(link, asked);
    const done = (answer.status === 409 || answer.status === 422) && ['step', 'slice', 'content', 'resource', 'import', 'bill', 'close'].includes(asked.what);
    assert.ok(yes(answer) || done, `${asked.what} ${asked.path} after the restart: ${answer.status} ${answer.text}`);
    asked.note = { ...asked.note, again: answer };
  }
}

export async function readBack(link: Link, journal: Asked[]): Promise<void> {
  const running = await link.send({ what: 'list', login: 'developer-clerk', method: 'GET', path: `/queries/${journal.find((one) => one.what === 'query' && yes(one))?.reply.id ?? 1}` });
  assert.ok(running.status === 200 && running.reply.state !== 'running', running.text);
  for (const asked of journal.filter((one) => one.what === 'document')) {
    const reply = yes(asked) ? asked.reply : asked.note.again?.reply;
    if (reply?.id === undefined) continue;
    const content = await link.send({ what: 'content', login: asked.login, method: 'GET', path: `/documents/${reply.id}/content` });
    assert.equal(content.status, 200, `document ${reply.id}: ${content.text}`);
    assert.equal(content.text, asked.body!.toString('utf8'), `document ${reply.id} has other bytes`);
  }
}

function count(store: Store, sql: string, ...values: (string | number | Buffer)[]): number {
  return Number(Object.values(store.prepare(sql).get(...values)!)[0]);
}

function caseState(store: Store, kind: string, id: number): string {
  return String(store.prepare('SELECT state FROM workflow_case WHERE kind = ? AND object_id = ?').get(kind, id)?.state);
}

const checks: Record<string, (store: Store, home: string, asked: Asked) => void> = {
  document: (store, _, asked) => assert.equal(count(store, "SELECT count(*) FROM document WHERE title = ? AND digest <> ''", asked.note.title), 1),
  resource: (store, _, asked) => assert.equal(count(store, 'SELECT count(*) FROM resource WHERE code = ?', asked.note.code), 1),
  step: (store, _, asked) => {
    const { id, event } = asked.note;
    assert.equal(count(store, "SELECT count(*) FROM workflow_event e JOIN workflow_case c ON c.id = e.case_id WHERE c.kind = 'resource' AND c.object_id = ? AND e.event = ?", id, event), 1, `${event} of ${id}`);
  },
  call: (store, _, asked) => {
    const key = createHash('sha256').update(asked.key!).digest('hex');
    assert.equal(count(store, 'SELECT count(*) FROM meter WHERE call_key = ?', key), 1, `call ${asked.key}`);
  },
  bill: (store, _, asked) => {
    const id = asked.reply?.id ?? asked.note?.again?.reply?.id;
    if (id !== undefined) assert.equal(count(store, 'SELECT count(*) FROM bill WHERE id = ?', id), 1, `bill ${id}`);
  },
  query: (store, _, asked) => assert.equal(count(store, "SELECT count(*) FROM query WHERE id = ? AND state IN ('done', 'failed')", asked.reply?.id ?? asked.note.again.reply.id), 1),
  import: (store, _, asked) => assert.equal(count(store, 'SELECT count(*) FROM import WHERE table_name = ?', asked.note.table), 1),
  content: (store, home, asked) => {
    assert.equal(caseState(store, 'import', asked.note.id), 'loaded', `import ${asked.note.id}`);
    for (const file of [`vault/import-${asked.note.id}.vault`, `keys/import-${asked.note.id}.key`]) assert.ok(existsSync(join(home, file)), file);
  },
  slice: (store, home, asked) => {
    const row = store.prepare('SELECT o.state, o.grant_id FROM source_order o WHERE o.id = ?').get(asked.note.order)!;
    assert.equal(row.state, 'delivered', `order ${asked.note.order}`);
    for (const file of [`vault/slice-${row.grant_id}.vault`, `keys/grant-${row.grant_id}.key`]) assert.ok(existsSync(join(home, file)), file);
  },
  close: (store, home, asked) => {
    const { room } = asked.note;
    assert.equal(caseState(store, 'room', room), 'closed', `room ${room}`);
    for (const { id } of store.prepare('SELECT id FROM import WHERE room_id = ?').all(room)) {
      assert.ok(!existsSync(join(home, `keys/import-${id}.key`)), `room ${room} was closed and the key of import ${id} is there`);
      for (const folder of ['keys/destroyed', 'vault/destroyed']) assert.ok(existsSync(join(home, folder, `import-${id}`)), `no tombstone of import ${id} in ${folder}`);
      assert.ok(count(store, 'SELECT count(*) FROM deletion_certificate WHERE key_name = ?', `import/${id}`) > 0, `no certificate of import ${id}`);
    }
  },
};

function checkMoney(store: Store, order: number): void {
  assert.equal(count(store, 'SELECT count(*) FROM (SELECT sum(amount_fen) AS s FROM posting GROUP BY journal_id) AS j WHERE s <> 0'), 0, 'a journal does not add up to zero');
  assert.equal(count(store, 'SELECT count(*) FROM bill b LEFT JOIN journal j ON j.bill_id = b.id WHERE j.id IS NULL'), 0, 'a bill has no journal');
  assert.equal(count(store, "SELECT count(*) FROM bill b WHERE b.calls <> (SELECT count(*) FROM meter m WHERE m.order_id = b.order_id AND m.id BETWEEN b.first_meter AND b.last_meter)"), 0, 'a bill counts other calls than were metered');
  assert.equal(count(store, 'SELECT count(*) FROM bill a JOIN bill b ON a.order_id = b.order_id AND a.id < b.id AND a.last_meter >= b.first_meter AND b.last_meter >= a.first_meter'), 0, 'a call is billed twice');
  assert.equal(count(store, 'SELECT count(*) FROM bill WHERE due_fen <> price_fen - waived_fen OR price_fen <> (SELECT sum(price_fen) FROM bill_line l WHERE l.bill_id = bill.id)'), 0, 'a bill does not add up');
  assert.equal(count(store, 'SELECT used FROM product_order WHERE id = ?', order), count(store, 'SELECT count(*) FROM meter WHERE order_id = ?', order), 'an order counts other calls than were metered');
  assert.equal(count(store, 'SELECT count(*) - count(DISTINCT order_id || call_key) FROM meter WHERE call_key IS NOT NULL'), 0, 'a call is metered twice');
}

// After everything has ended: no process has the store open.
export function checkStore(base: Base, home: string, journal: Asked[]): void {
  const store = openStore(home, false);
  try {
    for (const asked of journal)
      if (yes(asked) || (asked.note?.again !== undefined && asked.note.again.status < 500)) {
        try {
          checks[asked.what]!(store, home, asked);
        } catch (error) {
          const { again, ...note } = asked.note ?? {};
          throw new Error(`${asked.what} ${asked.path} ${JSON.stringify(note)} was answered ${asked.status} ${asked.text}, after the restart ${again?.status} ${again?.text}: ${(error as Error).message}`);
        }
      }
    assert.equal(count(store, "SELECT count(*) FROM query WHERE state NOT IN ('done', 'failed')"), 0, 'a query runs for ever');
    checkMoney(store, base.order);
    const numbers = store.prepare("SELECT title, count(*) AS n FROM document WHERE title LIKE 'document-%' AND digest <> '' GROUP BY title HAVING count(*) > 1").all();
    assert.deepEqual(numbers, [], 'a document was stored twice');
  } finally {
    store.close();
  }
}
