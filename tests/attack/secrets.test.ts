// Where secrets could be left behind: what is printed, environments, command lines, core files, memory, files.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stopped } from '../support/attack.ts';
import { account, accounts, City, folder } from '../support/city.ts';
import { citizenNumber, creditCode } from '../support/identifiers.ts';
import { family, find, isRoot } from '../support/proc.ts';
import { program, run, Service } from '../support/process.ts';
import { speak } from '../support/wire.ts';

let city: City;
before(async () => (city = await City.open('secrets')));
after(() => city?.close());

const subject = citizenNumber('42010219910101123');
const canary = 'kanari-Losung-9f2c-长江';
const told: string[] = []; // whatever must not be found anywhere

async function day(): Promise<void> {
  const { login, password } = account('land-clerk');
  const idempotency = 'a-key-nobody-should-see-7f3a';
  told.push(...accounts.flatMap((one) => [one.password, one.token]), canary, idempotency, subject);
  const session = await city.anyone.post('/session', { login, password });
  const cookie = String(session.headers['set-cookie']).split(';')[0]!;
  told.push(cookie.split('=')[1]!, session.json.csrf);
  const browser = city.anyone.with({ Cookie: cookie, 'X-CSRF-Token': session.json.csrf });
  const made = await browser.post('/tokens', { title: 't', days: 1 }, { 'Idempotency-Key': idempotency });
  told.push(made.json.token);
  await city.anyone.post('/session', { login: 'police-clerk', password: canary });
  await browser.post('/password', { old: canary, password: canary });
  await city.anyone.post('/parties', { role: 'developer', name: '某公司', credit_code: creditCode('91420100MA4KWKXX0'), login: 'some-clerk', password: canary, account_name: '经办' });
  // In the wrong places: paths, queries, fields, broken bodies.
  for (const secret of [canary, subject, made.json.token, password]) {
    const word = encodeURIComponent(secret);
    for (const path of [`/resources/${word}`, `/catalogue?q=${word}`, `/catalogue?${word}=1`, `/${word}`]) await browser.get(path);
    await browser.call('POST', '/resources', { raw: `{"code":"${secret}","title":"${secret}"` });
    await browser.post('/resources', { code: secret, title: secret, [secret]: 1 });
    await browser.get('/catalogue', { Authorization: `Basic ${Buffer.from(secret).toString('base64')}`, 'X-Secret': encodeURIComponent(secret) });
    await speak(city.url, `GET /${encodeURIComponent(secret)} HTTP/1.1\r\nHost: ${encodeURIComponent(secret)}\r\nConnection: close\r\n\r\n`);
    const head = `POST /api/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n`;
    const body = Buffer.from(`{"login":"${secret}","password":"${secret}"}`);
    await speak(city.url, [`${head}Content-Length: ${body.length}\r\n\r\n`, body]);
  }
  const developer = city.as('developer-clerk');
  const room = (await developer.all('/rooms'))[0].id;
  await developer.post(`/rooms/${room}/queries`, { sql: `SELECT COUNT(*) FROM insurance WHERE citizen_number = '${subject}'` });
  await developer.post(`/rooms/${room}/queries`, { sql: 'SELECT insurance.insurance, COUNT(*) AS n FROM insurance GROUP BY insurance.insurance' });
  for (const product of await city.as('operator-clerk').all('/products'))
    for (const json of [{ subject }, { subject, purpose: canary }, { subject: `${subject}x` }]) await city.as('customer-clerk').post(`/products/${product.id}/calls`, json);
  await developer.upload('名单', 'material', `${subject},${canary}\n`);
  await run(['api', 'GET', '/session'], { DUKOU_HOME: city.home });
}

// serve, keeper, zygote, workers
function everybody(): number[] {
  return family(city.serve.child.pid!, city.home);
}

function masterKey(home: string): Buffer {
  const file = readFileSync(join(home, 'keys', 'master'));
  assert.equal(file.length, 44, 'magic, version, key');
  return file.subarray(12);
}

test('nothing that a day of requests carried, right or wrong, is printed', async () => {
  await day();
  const said = city.serve.output + city.exchange.output;
  assert.ok(said.length > 0);
  const key = masterKey(city.home);
  const needles = [...told, key.toString('hex'), key.toString('base64'), key.toString('latin1')];
  for (const secret of needles) {
    assert.ok(secret.length >= 8);
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=*$/, '').slice(0, -1)]) assert.ok(!said.includes(form), `it printed ${form.slice(0, 4)}…`);
  }
  assert.doesNotMatch(said, /\b\d{17}[\dX]\b/);
  stopped({ chapter: 'secrets', name: 'what is printed', tried: 'Passwords, tokens, cookies, keys and citizens’ numbers pass through a day of requests, in their places and in paths, queries, fields and broken bodies.', stopped: 'http: log of declared fields', seen: 'none is on stdout or stderr of serve, keeper or exchange, in clear, escaped or in base64' });
});

test('environments and command lines of serve, keeper and workers hold no secret', () => {
  const processes = everybody();
  if (isRoot()) assert.ok(processes.length >= 4, `serve, keeper and workers: ${processes}`);
  const key = masterKey(city.home);
  const tokens = [readFileSync(join(city.home, 'exchange', 'platform.token'), 'utf8').trim()];
  let read = 0;
  for (const pid of processes)
    for (const name of ['environ', 'cmdline']) {
      let bytes: Buffer;
      try {
        bytes = readFileSync(`/proc/${pid}/${name}`);
      } catch {
        continue; // not ours to read: not dumpable
      }
      read++;
      for (const secret of [...told, ...tokens, key.toString('hex'), key.toString('base64')]) assert.ok(!bytes.includes(secret), `${name} of ${pid}`);
      assert.ok(!bytes.includes(key));
    }
  assert.ok(!isRoot() || read >= 2 * processes.length - 2, `${read} of ${processes.length}`);
  stopped({ chapter: 'secrets', name: 'environment and command line', tried: 'Reads environ and cmdline of serve, keeper, zygote and workers.', stopped: 'settings: secrets come in files, named by path', seen: 'no password, token or key' });
});

test('serve, keeper and workers leave no core file', async () => {
  for (const pid of everybody()) {
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    assert.match(limits, /^Max core file size +0 +0 /m, `process ${pid}`);
  }
  const serve = new Service(['serve'], { DUKOU_HOME: join(await folder('core'), 'city'), DUKOU_PORT: '0' });
  await serve.url();
  const before = readdirSync(process.cwd());
  serve.child.kill('SIGABRT');
  await serve.ended;
  assert.deepEqual(readdirSync(process.cwd()).filter((name) => !before.includes(name) && name.startsWith('core')), []);
  stopped({ chapter: 'secrets', name: 'core files', tried: 'The limits of serve, keeper, zygote and workers; serve is ended by SIGABRT.', stopped: 'vault/protect: RLIMIT_CORE 0, not dumpable', seen: 'limit 0, soft and hard; no file' });
});

const alone = isRoot() ? false : "another process's memory is not ours to read";

test('after a log-in the password is nowhere in the memory of serve', { skip: alone }, async () => {
  const words = ['Donaudampfschiff-4711-一二三', 'Moselschleppkahn-0815-四五六'];
  city.secrets.push(...words);
  const registered = { role: 'developer', name: '记忆公司', credit_code: creditCode('91420100MA4KWKXX1'), login: 'memory-clerk', password: words[0]!, account_name: '经办' };
  const party = await city.anyone.post('/parties', registered);
  assert.equal(party.status, 201, party.text);
  await city.as('bureau-clerk').does('POST', `/parties/${party.json.id}/accept`, {});
  const session = await city.anyone.post('/session', { login: 'memory-clerk', password: words[0]! });
  assert.equal(session.status, 200, session.text);
  await city.anyone.post('/session', { login: 'memory-clerk', password: `${words[1]} wrong` });
  const cookie = String(session.headers['set-cookie']).split(';')[0]!;
  city.secrets.push(cookie.split('=')[1]!);
  await city.anyone.post('/password', { old: words[0]!, password: words[1]! }, { Cookie: cookie, 'X-CSRF-Token': session.json.csrf });
  const pid = city.serve.child.pid!;
  // The search finds what is there: a word of the portal page lies in the memory of serve.
  assert.ok(find(pid, Buffer.from('登录')).length > 0);
  for (const pid of everybody()) for (const word of words) assert.equal(find(pid, Buffer.from(word)).length, 0, `${word.slice(0, 4)}… lies in process ${pid}`);
  stopped({ chapter: 'secrets', name: 'passwords in memory', tried: 'After registering, logging in, failing to and changing the password the memory of serve, keeper and workers is searched for the passwords.', stopped: 'http: call.c and base/json wipe what held a body', seen: 'they are in none' });
});

test('the master key lies in the keeper alone, locked and left out of dumps', { skip: alone }, () => {
  const key = masterKey(city.home);
  const serve = city.serve.child.pid!;
  const holders = everybody().filter((pid) => find(pid, key).length > 0);
  assert.equal(holders.length, 1, `in ${holders.length} processes`);
  assert.ok(!holders.includes(serve), 'serve holds the key');
  for (const region of find(holders[0]!, key)) {
    assert.match(region.flags, /\blo\b/, 'not locked');
    assert.match(region.flags, /\bdd\b/, 'not left out of dumps');
  }
  stopped({ chapter: 'secrets', name: 'the master key in memory', tried: 'The memory of serve, keeper, zygote and workers is searched for the master key.', stopped: 'keeper: a process of its own; sodium_malloc', seen: 'in the keeper alone, in one region that is locked in memory and left out of dumps' });
});

function lax(home: string): string[] {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .concat(home)
    .filter((path) => (statSync(path).mode & 0o077) !== 0);
}

test('files below HOME are for their owner alone, whatever the umask', async () => {
  const base = await folder('umask');
  const home = join(base, 'city');
  const open = (args: string[]) => ['-c', 'umask 000; exec "$0" "$@"', program, ...args];
  const { spawnSync } = await import('node:child_process');
  const env = { ...process.env, DUKOU_HOME: home };
  const made = spawnSync('sh', open(['init', '市数据局', creditCode('91420100MA4KWKXX2')]), { env, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const copied = spawnSync('sh', open(['backup', join(base, 'backup')]), { env, encoding: 'utf8' });
  assert.equal(copied.status, 0, copied.stderr);
  assert.ok(readdirSync(home, { recursive: true }).length > 10);
  assert.deepEqual(lax(home), []);
  assert.deepEqual(lax(join(base, 'backup')), []);
  stopped({ chapter: 'secrets', name: 'modes of files', tried: 'A city is founded and backed up under umask 000.', stopped: 'main.c: umask 077', seen: 'no file or folder of it can be read, written or entered by group or others' });
});

test('a master key that others may read is refused', async () => {
  const home = join(await folder('lax'), 'city');
  const { chmodSync } = await import('node:fs');
  const env = { DUKOU_HOME: home };
  assert.equal((await run(['init', '市数据局', creditCode('91420100MA4KWKXX3')], env)).code, 0);
  chmodSync(join(home, 'keys', 'master'), 0o644);
  const ran = await run(['keys', 'show'], env);
  assert.notEqual(ran.code, 0);
  assert.match(ran.err, /0600/);
  stopped({ chapter: 'secrets', name: 'a master key that others may read', tried: 'The mode of the master key is set to 0644.', stopped: 'vault: keys_master.c', seen: 'nothing starts; the refusal says 0600' });
});
