// A restore forks no log and brings back nothing that was ended, whatever is restored over what.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { appendFile, cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { account, City, copyHome, folder, patient } from '../support/city.ts';
import { Client } from '../support/client.ts';
import { bringStoreBack, dumpStore, emptyStore, inDatabase, storeOf } from '../support/postgres.ts';
import { program, run } from '../support/process.ts';
import { openFile, openStore } from '../support/store.ts';

// A city that was backed up and then went on: what it did meanwhile.
type Past = { home: string; backup: string; dump: string; token: string; cookie: string; room: number; resource: number; sealed: number; checkpoint: string };
let past: Past;

function sealed(home: string): Promise<number> {
  return readFile(join(home, 'log', 'checkpoint'), 'utf8').then((text) => Number(text.split('\n')[1]));
}

function dukou(home: string, ...args: string[]) {
  return run(args, { DUKOU_HOME: home });
}

// A file is overwritten; a database is not, so whoever runs it makes a new one.
function over(home: string): string[] {
  if (!inDatabase) return ['restore', past.backup, '--overwrite'];
  emptyStore(home);
  return ['restore', past.backup];
}

// The store as it was at the backup, by other means than ours.
async function saveStore(home: string, path: string): Promise<void> {
  if (inDatabase) return dumpStore(home, path);
  const store = openFile(join(home, 'dukou.db'));
  store.exec(`VACUUM INTO '${path}'`);
  store.close();
}

async function bringBack(home: string): Promise<void> {
  if (inDatabase) return bringStoreBack(home, past.dump);
  for (const ending of ['', '-wal', '-shm']) await rm(join(home, `dukou.db${ending}`), { force: true });
  await cp(past.dump, join(home, 'dukou.db'));
}

async function stop(city: City): Promise<void> {
  city.anyone.close();
  for (const login of ['land-clerk', 'developer-clerk', 'operator-clerk']) city.as(login).close();
  assert.equal(await city.serve.stop(), 0, city.serve.output);
  await city.exchange.stop();
}

async function logIn(city: City, login: string): Promise<string> {
  const reply = await city.anyone.call('POST', '/session', { json: { login, password: account(login).password } });
  assert.ok(reply.status < 300, reply.text);
  return String(reply.headers['set-cookie']).split(';')[0]!.replace(/^\[?'?/, '');
}

async function readsOwn(city: City, headers: Record<string, string>): Promise<number> {
  const client = new Client(city.url, null, headers);
  const status = (await client.get('/tokens')).status;
  client.close();
  return status;
}

before(async () => {
  const home = await copyHome('restore');
  const backup = join(await folder('restore-backup'), 'one');
  const city = await City.serveHome(home);
  const made = await city.as('land-clerk').does('POST', '/session/token', { login: 'land-clerk', password: account('land-clerk').password, title: 'before', days: 30 });
  const cookie = await logIn(city, 'land-clerk');
  assert.equal(await readsOwn(city, { Authorization: `Bearer ${made.token}` }), 200);
  assert.equal(await readsOwn(city, { Cookie: cookie }), 200);
  const saved = await dukou(home, 'backup', backup);
  assert.equal(saved.code, 0, saved.err);
  const dump = `${backup}.dump`;
  await saveStore(home, dump);

  // After the backup: a token ends, a room closes with its keys, an account changes its password, rows are made.
  const token = (await city.as('land-clerk').all('/tokens')).find((one) => one.title === 'before');
  await city.as('land-clerk').does('DELETE', `/tokens/${token.id}`);
  assert.equal(await readsOwn(city, { Authorization: `Bearer ${made.token}` }), 401);
  const room = (await city.as('developer-clerk').all('/rooms'))[0].id;
  await city.as('operator-clerk').does('POST', `/rooms/${room}/close`, { reason: '测试' });
  const resource = (await city.as('land-clerk').does('POST', '/resources', { code: 'LOST-1', title: '备份之后' })).id;
  await stop(city);
  past = { home, backup, dump, token: made.token, cookie, room, resource, sealed: await sealed(home), checkpoint: await readFile(join(home, 'log', 'checkpoint'), 'utf8') };
});

async function copyOfPast(name: string): Promise<string> {
  return copyHome(name, past.home);
}

test('what goes wrong in a backup is found: a byte, a file, a row, a key', async () => {
  assert.equal((await run(['backup', 'check', past.backup])).code, 0);
  const keyed = await run(['backup', 'check', past.backup, '--keys', join(past.home, 'keys')]);
  assert.equal(keyed.code, 0, keyed.err);
  const vault = readdirSync(join(past.backup, 'vault')).find((name) => name.endsWith('.vault'))!;
  const spoils: [string, (at: string) => unknown, RegExp][] = [
    ['a byte more in the vault', (at) => appendFile(join(at, 'vault', vault), 'x'), /has changed/],
    ['a file of the vault missing', (at) => rm(join(at, 'vault', vault)), /is missing/],
    ['a file more', (at) => writeFile(join(at, 'vault', 'slice-99.vault'), 'x'), /not in the list/],
    ['the checkpoint cut', (at) => truncate(join(at, 'log', 'checkpoint'), 20), /has changed/],
    ['no list', (at) => rm(join(at, 'files')), /cut short/],
    ['the store torn', (at) => truncate(join(at, 'dukou.db'), 20000), /damaged|integrity/],
    ['a row changed', (at) => {
      const store = openFile(join(at, 'dukou.db'), false);
      store.exec("UPDATE party SET name = 'x' WHERE id = 2");
      store.close();
    }, /party 2/],
  ];
  for (const [name, spoil, words] of spoils) {
    const at = join(await folder('spoiled-backup'), 'b');
    await cp(past.backup, at, { recursive: true });
    await spoil(at);
    const ran = await run(['backup', 'check', at]);
    assert.equal(ran.code, 1, `${name}: ${ran.out}`);
    assert.match(ran.err, words, name);
    await rm(join(at, '..'), { recursive: true });
  }
  const other = join(await folder('other-keys'), 'keys');
  await cp(join(past.home, 'keys'), other, { recursive: true });
  await writeFile(join(other, 'master'), Buffer.alloc(readFile.length + 36, 7));
  const wrong = await run(['backup', 'check', past.backup, '--keys', other]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /master key/);
});

// What a restored city must be, whatever it was restored with.
async function keepsToTheLog(home: string): Promise<void> {
  const city = await City.serveHome(home);
  assert.match(city.serve.output, /entries made since the backup/);
  assert.equal(await readsOwn(city, { Authorization: `Bearer ${past.token}` }), 401, 'a token that was ended lives again');
  assert.equal(await readsOwn(city, { Cookie: past.cookie }), 401, 'a session lives again');
  const room = await city.as('developer-clerk').does('GET', `/rooms/${past.room}`);
  assert.equal(room.state, 'closed', 'a room whose key is destroyed is open again');
  const query = await city.as('developer-clerk').call('POST', `/rooms/${past.room}/queries`, { json: { sql: 'SELECT count(*) FROM residents' } });
  assert.ok(query.status >= 400, query.text);
  const next = await city.as('land-clerk').does('POST', '/resources', { code: 'AFTER-1', title: '恢复之后' });
  assert.ok(next.id > past.resource, `an id is given a second time: ${next.id}, ${past.resource}`);
  await stop(city);

  const verified = await dukou(home, 'audit', 'verify');
  assert.equal(verified.code, 0, verified.out);
  assert.match(verified.out, /of a backup older than entries/);
  const store = openStore(home);
  const row = store.prepare('SELECT lost_from, lost_past FROM restoration').all() as { lost_from: number; lost_past: number }[];
  store.close();
  assert.equal(row.length, 1);
  assert.equal(row[0]!.lost_past, past.sealed);
  const lost = (await readFile(join(home, `lost-entries-${row[0]!.lost_from}.txt`), 'utf8')).trim().split('\n');
  assert.equal(lost.length, row[0]!.lost_past - row[0]!.lost_from);
  assert.ok(lost.some((line) => / close room /.test(line)), lost.join('\n'));
  // The log says so itself, and goes on from the checkpoint that somebody kept.
  let recorded = false;
  for (let entry = past.sealed; entry < (await sealed(home)); entry++)
    recorded ||= /"event":"restore","object":"restoration"/.test((await dukou(home, 'audit', 'show', String(entry))).out);
  assert.ok(recorded, 'the restore is not in the log');
  for (const line of past.checkpoint.split('\n').slice(1, 2)) assert.ok(Number(line) <= (await sealed(home)));
}

test('over a city that went on, the log stays, and what was ended stays ended', async () => {
  const home = await copyOfPast('restore-over');
  for (const [args, words] of [[[], inDatabase ? /not empty/ : /a city already/], ...(inDatabase ? [[['--overwrite'], /is not overwritten/]] : [])] as [string[], RegExp][]) {
    const asked = await dukou(home, 'restore', past.backup, ...args);
    assert.equal(asked.code, 1);
    assert.match(asked.err, words);
    assert.equal((await dukou(home, 'keys', 'show')).code, 0, 'a restore that was refused keeps the city from starting');
  }
  const ran = await dukou(home, ...over(home));
  assert.equal(ran.code, 0, ran.err);
  assert.ok((await sealed(home)) >= past.sealed, 'the log got shorter');
  await keepsToTheLog(home);
});

test('a store that was brought back by its own means does not serve until it is told, and keeps to the log as well', async () => {
  const home = await copyOfPast('restore-placed');
  await bringBack(home);
  const refused = await dukou(home, 'serve');
  assert.equal(refused.code, 1, refused.out);
  assert.match(refused.err, /the store is an older copy[\s\S]*dukou restore --placed/);
  for (let time = 1; time <= 2; time++) {
    const told = await dukou(home, 'restore', '--placed');
    assert.equal(told.code, 0, told.err);
  }
  await keepsToTheLog(home);
});

test('without a city in the store there is nothing to go on with', async () => {
  const home = join(await folder('restore-nothing'), 'city');
  await mkdir(home, { mode: 0o700 });
  const told = await dukou(home, 'restore', '--placed');
  assert.equal(told.code, 1, told.out);
  assert.match(told.err, /no city in the store/);
  assert.ok(!existsSync(join(home, 'restoring')));
  assert.equal((await dukou(home, 'restore', '--elsewhere')).code, 2);
});

test('a restore counts once, and another restore of the same backup is another', async () => {
  const home = await copyOfPast('restore-twice');
  for (let time = 1; time <= 2; time++) {
    assert.equal((await dukou(home, ...over(home))).code, 0);
    assert.equal((await dukou(home, 'keys', 'show')).code, 0);
    assert.equal((await dukou(home, 'keys', 'show')).code, 0);
    const ran = await dukou(home, 'audit', 'verify');
    assert.equal(ran.code, 0, ran.out);
  }
});

test('on a new machine with newer keys an older log is not gone on with; the newest log is', async () => {
  const home = join(await folder('restore-new'), 'city');
  await mkdir(home, { mode: 0o700 });
  assert.equal((await dukou(home, 'restore', past.backup)).code, 0);
  await cp(join(past.home, 'keys'), join(home, 'keys'), { recursive: true });
  await cp(join(past.home, 'clock'), join(home, 'clock'));
  const refused = await dukou(home, 'serve');
  assert.equal(refused.code, 1, refused.out);
  assert.match(refused.err, /older copy[\s\S]*newest copy of the log/);
  await rm(join(home, 'log'), { recursive: true });
  await cp(join(past.home, 'log'), join(home, 'log'), { recursive: true });
  const city = await City.serveHome(home, patient);
  assert.equal((await city.as('developer-clerk').does('GET', `/rooms/${past.room}`)).state, 'closed');
  await stop(city);
  const ran = await dukou(home, 'audit', 'verify');
  assert.equal(ran.code, 0, ran.out);
  assert.ok((await sealed(home)) > past.sealed);
  for (const name of readdirSync(join(home, 'vault'))) assert.doesNotMatch(name, new RegExp(`^room-${past.room}\\.vault$`));
});

test('without its keys a restored city does not serve, and goes on once they are there', async () => {
  const home = join(await folder('restore-keyless'), 'city');
  await mkdir(home, { mode: 0o700 });
  await cp(join(past.home, 'log'), join(home, 'log'), { recursive: true });
  assert.equal((await dukou(home, 'restore', past.backup)).code, 0);
  const refused = await dukou(home, 'serve');
  assert.equal(refused.code, 1, refused.out);
  await rm(join(home, 'keys'), { recursive: true });
  await cp(join(past.home, 'keys'), join(home, 'keys'), { recursive: true });
  await cp(join(past.home, 'clock'), join(home, 'clock'));
  const shown = await dukou(home, 'keys', 'show');
  assert.equal(shown.code, 0, shown.err);
  assert.equal((await dukou(home, 'audit', 'verify')).code, 0);
});

test('the log of another city, or of another past, is not mixed in', async () => {
  const home = await copyOfPast('restore-other');
  const other = join(await folder('restore-stranger'), 'city');
  const founded = await run(['init', '陌生市数据局', '11420100MA0000001A'], { DUKOU_HOME: other });
  assert.equal(founded.code, 0, founded.err);
  const ran = await dukou(other, ...over(other));
  assert.equal(ran.code, 1, ran.out);
  assert.match(ran.err, /neither goes on/);
  const start = await dukou(other, 'serve');
  assert.equal(start.code, 1);
  assert.match(start.err, /cut off/);
  assert.ok(existsSync(home));
});

test('cut off between the store and the record of it, a restore finds its own work', async () => {
  const home = await copyOfPast('restore-between');
  const args = over(home);
  assert.equal((await dukou(home, ...args)).code, 0);
  const path = join(home, 'restoring');
  const mark = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...mark, store_placed: false, placed: false }));
  assert.match((await dukou(home, 'serve')).err, /run dukou restore .* again/);
  const again = await dukou(home, ...args);
  assert.equal(again.code, 0, again.err);
  await keepsToTheLog(home);
});

// Killed at the n-th call that changes a folder or makes it durable, n from 1 until it comes through.
function killedAt(home: string, args: string[], n: number): number | null {
  const calls = 'rename,renameat2,fsync,unlink,link';
  const ran = spawnSync('strace', ['-qq', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:signal=SIGKILL:when=${n}`,
    program, ...args], { env: { ...process.env, DUKOU_HOME: home, ...(inDatabase ? { DUKOU_STORE: storeOf(home) } : {}) }, encoding: 'utf8' });
  return ran.status;
}

const steps = process.env.DUKOU_TEST_LONG ? 1 : 4;

test('cut off anywhere, a restore can be asked again, and meanwhile nothing is served that is not whole', { timeout: 600000 }, async () => {
  let n = 1;
  let killed = 0;
  for (; ; n += steps) {
    const home = await copyOfPast('restore-killed');
    const args = over(home);
    const status = killedAt(home, args, n);
    if (status === 0) break;
    killed++;
    const marked = existsSync(join(home, 'restoring'));
    const opened = await dukou(home, 'keys', 'show');
    const said = `${n}: ${opened.err}`;
    if (opened.code === 0 && inDatabase && !marked) {
      // it had not begun, and the new database holds nothing that could be served
      assert.equal((await dukou(home, 'serve')).code, 1, said);
    } else if (opened.code === 0) {
      const ran = await dukou(home, 'audit', 'verify');
      assert.equal(ran.code, 0, `${said}${ran.out}`);
    } else {
      assert.ok(marked, said);
      assert.match(opened.err, /run dukou restore .* again/, said);
    }
    const again = await dukou(home, ...args);
    assert.equal(again.code, 0, `${n}: ${again.err}`);
    const finished = await dukou(home, 'keys', 'show');
    assert.equal(finished.code, 0, `${n}: ${finished.err}`);
    const ran = await dukou(home, 'audit', 'verify');
    assert.equal(ran.code, 0, `${n}: ${ran.out}`);
    assert.ok((await sealed(home)) >= past.sealed, `${n}: the log got shorter`);
    await rm(join(home, '..'), { recursive: true });
  }
  assert.ok(killed >= 3, `it was killed ${killed} times only`);
});

