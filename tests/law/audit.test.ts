// The log, checked offline on a copy: it holds when nothing was touched and names what was.
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { before, test } from 'node:test';
import { City, copyHome, folder } from '../support/city.ts';
import { copyStore } from '../support/postgres.ts';
import { run } from '../support/process.ts';
import { columns, openStore } from '../support/store.ts';

let clean: string;
before(async () => (clean = await copyHome('audit')));

function verify(home: string) {
  return run(['audit', 'verify', '--home', home], { DUKOU_HOME: home });
}

function files(at: string): string[] {
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

// Without partial tiles that a wider one has taken the place of: those may go (C2SP tlog-tiles).
function tilesInForce(): string[] {
  const all = files(join(clean, 'log', 'tile')).map((path) => path.slice(clean.length));
  const width = (path: string) => Number(/\.p\/(\d+)$/.exec(path)?.[1]);
  const rest = (path: string) => path.replace(/\d+$/, '');
  return all.filter((path) => !path.includes('.p/') || all.every((other) => rest(other) !== rest(path) || width(other) <= width(path)));
}

// A copy after `spoil`: it must not verify, and the report must name the place.
async function spoiled(spoil: (home: string) => void | Promise<void>, named: RegExp): Promise<void> {
  const home = await copyHome('spoiled', clean);
  await spoil(home);
  const ran = await verify(home);
  assert.equal(ran.code, 1, `it verified:\n${ran.out}${ran.err}`);
  assert.match(ran.out + ran.err, named);
  await rm(home, { recursive: true });
}

function change(sql: string) {
  return (home: string): void => {
    const store = openStore(home, false);
    const changes = store.prepare(sql).run().changes;
    store.close();
    assert.ok(Number(changes) > 0, `no row: ${sql}`);
  };
}

test('a copy that nobody touched verifies, and tells what is not covered and why', async () => {
  const ran = await verify(clean);
  assert.equal(ran.code, 0, ran.out + ran.err);
  const count = (name: string) => Number(new RegExp(`^${name}\\t(\\d+)$`, 'm').exec(ran.out)?.[1]);
  assert.ok(count('entries') > 250, ran.out);
  assert.ok(count('rows') > 400, ran.out);
  assert.equal(count('faults'), 0);
  for (const table of ['login_failure', 'session', 'idempotency', 'migration']) assert.match(ran.out, new RegExp(`${table}\\W+\\S`));
});

test('a flipped byte is found in every file of the log', async () => {
  for (const path of files(join(clean, 'log'))) {
    const size = statSync(path).size;
    if (size === 0) continue;
    const name = path.slice(clean.length);
    await spoiled(async (home) => {
      const bytes = await readFile(home + name);
      bytes[Math.floor(size / 2)]! ^= 1;
      await writeFile(home + name, bytes);
    }, /FAULTS|NOT verified|log|note|key/i);
  }
});

test('a tile that was cut short or taken away is named', async () => {
  const tiles = tilesInForce();
  assert.ok(tiles.length >= 3);
  for (const name of tiles) {
    await spoiled((home) => truncate(home + name, 1), /tile/);
    await spoiled((home) => rm(home + name), /tile/);
  }
});

test('a changed cell is named with its table and row', async () => {
  for (const [table, sql] of [
    ['bill', 'UPDATE bill SET due_fen = due_fen + 1 WHERE id = 1'],
    ['workflow_case', "UPDATE workflow_case SET state = 'draft' WHERE id = 3"],
    ['party', "UPDATE party SET name = name || '！' WHERE id = 2"],
    ['account', 'UPDATE account SET duties = 7 WHERE id = 6'],
    ['resource_item', "UPDATE resource_item SET sensitive = NULL WHERE id = (SELECT min(id) FROM resource_item WHERE sensitive IS NOT NULL)"],
    ['product', "UPDATE product SET digest = 'ff' WHERE id = 1"],
    ['meter', 'UPDATE meter SET at = at + 1 WHERE id = 1'],
  ] as const)
    await spoiled(change(sql), new RegExp(`\\b${table}\\b`));
});

test('a row that was taken out is named', async () => {
  for (const table of ['workflow_event', 'consent', 'posting', 'score', 'token', 'rule', 'meter'])
    await spoiled(change(`DELETE FROM ${table} WHERE id = (SELECT max(id) FROM ${table})`), new RegExp(`\\b${table}\\b`));
});

test('a row that was put in is named', async () => {
  for (const table of ['workflow_event', 'notice', 'posting', 'resource_description']) {
    const names = columns(clean, table).map((name) => `"${name}"`).join(', ');
    await spoiled(change(`INSERT INTO ${table} (${names}) SELECT ${names} FROM ${table} WHERE id = 1`), new RegExp(`\\b${table}\\b`));
  }
});

test('an older log with a newer store does not verify', async () => {
  const city = await City.open('older');
  const log = await folder('older-log');
  await cp(join(city.home, 'log'), log, { recursive: true });
  await city.as('land-clerk').does('POST', '/resources', { code: 'NEWER', title: '新' });
  const home = await folder('mixed');
  await city.serve.stop();
  await cp(city.home, home, { recursive: true });
  copyStore(city.home, home);
  await rm(join(home, 'log'), { recursive: true });
  await cp(log, join(home, 'log'), { recursive: true });
  assert.equal((await verify(home)).code, 1);
  await city.exchange.stop();
});

test('a proof of one entry stands alone, and not when a byte of it is changed', async () => {
  const keys = join(clean, 'log', 'keys');
  const proved = await run(['audit', 'prove', '7', '--home', clean]);
  assert.equal(proved.code, 0, proved.err);
  const at = await folder('proof');
  const path = join(at, 'proof');
  await writeFile(path, proved.out);
  const checked = await run(['audit', 'check', path, '--keys', keys]);
  assert.equal(checked.code, 0, checked.err);
  let refused = 0;
  const places = [0.1, 0.3, 0.5, 0.7, 0.9].map((part) => Math.floor(proved.out.length * part));
  for (const place of places) {
    const text = proved.out.slice(0, place) + (proved.out[place] === 'A' ? 'B' : 'A') + proved.out.slice(place + 1);
    await writeFile(path, text);
    if ((await run(['audit', 'check', path, '--keys', keys])).code !== 0) refused++;
  }
  assert.equal(refused, places.length);
});

test('a new master key is in the log', async () => {
  const home = await copyHome('rotated', clean);
  const shown = async (...words: string[]) => JSON.parse((await run(['keys', ...words], { DUKOU_HOME: home })).out);
  const before = (await shown('show')).master_version;
  assert.equal((await shown('rotate')).master_version, before + 1);
  const store = openStore(home);
  const entries: any[] = store.prepare('SELECT bytes FROM audit_entry ORDER BY entry').all().map((row: any) => JSON.parse(Buffer.from(row.bytes).toString()));
  store.close();
  const { event, object, id, account } = entries.at(-1);
  assert.deepEqual({ event, object, id, account }, { event: 'rotate_master_key', object: 'master_key', id: before + 1, account: 0 });
  const ran = await verify(home);
  assert.equal(ran.code, 0, ran.out + ran.err);
  await rm(home, { recursive: true });
});

test('no entry of the log holds a name, a login or a number of a person', async () => {
  const store = openStore(clean);
  const names = store.prepare('SELECT name FROM party').all().map((row) => String(row.name));
  const logins = store.prepare('SELECT login FROM account').all().map((row) => String(row.login));
  store.close();
  const log = Buffer.concat(await Promise.all(files(join(clean, 'log')).map((path) => readFile(path)))).toString('latin1');
  for (const name of [...names, ...logins]) assert.ok(!log.includes(Buffer.from(name).toString('latin1')), `${name} is in the log`);
  assert.doesNotMatch(log, /\b\d{17}[\dX]\b/);
});

test('a backup taken while it serves, restored elsewhere, verifies and serves', async () => {
  const city = await City.open('backup');
  const clerk = city.as('land-clerk');
  const to = join(await folder('backup'), 'copy');
  let writing = true;
  const written: string[] = [];
  const writer = (async () => {
    for (let i = 0; writing; i++) {
      await clerk.does('POST', '/resources', { code: `BACK-${i}`, title: `备份 ${i}` });
      written.push(`BACK-${i}`);
    }
  })();
  const before = [...written];
  const made = await city.dukou('backup', to);
  writing = false;
  await writer;
  assert.equal(made.code, 0, made.err);
  assert.deepEqual(files(to).filter((path) => path.endsWith('.key') || path.includes('/keys/master')), [], 'keys are in the backup');
  const home = join(await folder('restored'), 'city');
  await mkdir(home);
  // The keys sign no older log than they have signed: what is not sealed yet is waited for.
  const waiting = () => {
    const store = openStore(city.home);
    const row = store.prepare('SELECT count(*) AS count FROM audit_entry').get() as { count: number };
    store.close();
    return row.count;
  };
  while (waiting() > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  await cp(join(city.home, 'log'), join(home, 'log'), { recursive: true });
  const restored = await run(['restore', to], { DUKOU_HOME: home });
  assert.equal(restored.code, 0, restored.err);
  const verified = await verify(home);
  assert.equal(verified.code, 0, verified.out);
  await cp(join(city.home, 'keys'), join(home, 'keys'), { recursive: true }); // kept apart, brought by hand
  await cp(join(city.home, 'exchange'), join(home, 'exchange'), { recursive: true });
  await cp(join(city.home, 'clock'), join(home, 'clock'));
  const again = await City.serveHome(home);
  const codes = (await again.as('land-clerk').all('/resources')).map((one) => one.code);
  for (const code of before) assert.ok(codes.includes(code), `${code} is lost`);
  await again.as('land-clerk').does('POST', '/resources', { code: 'AFTER', title: '恢复之后' });
  await again.close();
  const twice = await run(['restore', to], { DUKOU_HOME: city.home });
  assert.notEqual(twice.code, 0, 'restored over a city that is there');
  await city.close();
});

// The audit log of a city whose store is elsewhere, and of its copies.
test('the store of the served home is that of DUKOU_STORE however the home is written; a copy has its own', { skip: process.env.DUKOU_TEST_STORE ? 'about a store that is a file' : false }, async () => {
  const elsewhere = join(await folder('elsewhere'), 'city.db');
  const home = await copyHome('moved', clean);
  for (const end of ['', '-wal', '-shm']) await rename(join(home, `dukou.db${end}`), `${elsewhere}${end}`).catch(() => undefined);
  const environment = { DUKOU_HOME: home, DUKOU_STORE: elsewhere };
  for (const written of [home, `${home}/`, `${home}/../${basename(home)}`]) {
    const ran = await run(['audit', 'verify', '--home', written], environment);
    assert.equal(ran.code, 0, ran.out + ran.err);
    assert.ok(ran.out.startsWith(`store\t${elsewhere}\n`), ran.out);
  }
  const other = { DUKOU_HOME: clean, DUKOU_STORE: elsewhere };
  const lost = await run(['audit', 'verify', '--home', home], other);
  assert.equal(lost.code, 1, 'it is not the home that is served, and has no store in it');
  assert.match(lost.err, /dukou\.db: there is no such store\n.*name the store with --store/);
  assert.match(lost.err, /没有这个存储/);
  const named = await run(['audit', 'verify', '--home', home, '--store', elsewhere], other);
  assert.equal(named.code, 0, named.out + named.err);
  assert.match((await run(['audit', 'verify', '--home', join(home, 'nowhere')], other)).err, /nowhere\/log: there is no such folder of a log/);
});
