// The machine at its ends: no room on the disk, no descriptors, a clock that goes back, a keeper that is gone. Each
// shows as docs/faults.md says, and the city goes on once it is over.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { cp, mkdir, open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { account, copyHome, folder, root } from '../support/city.ts';
import { Client, type Reply } from '../support/client.ts';
import { program, run, Service } from '../support/process.ts';

const nap = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function clientOf(url: string, login: string): Client {
  return new Client(url, null, { Authorization: `Bearer ${account(login).token}` });
}

function upload(client: Client, title: string, bytes: Buffer | string): Promise<Reply> {
  return client.call('POST', `/documents?title=${title}&kind=material`, { raw: bytes, type: 'application/octet-stream' });
}

async function verifies(home: string): Promise<void> {
  const verified = await run(['audit', 'verify'], { DUKOU_HOME: home });
  assert.equal(verified.code, 0, verified.out + verified.err);
}

// A server started by another program, which sets its limits.
class Bounded {
  output = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  constructor(command: string, args: string[], home: string) {
    this.child = spawn(command, args, { env: { ...process.env, DUKOU_HOME: home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1', DUKOU_ACCOUNT_PER_MINUTE: '10000000', DUKOU_PUBLIC_PER_MINUTE: '10000000' }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
  }
  async url(): Promise<string> {
    for (let i = 0; i < 1500; i++) {
      const found = /https?:\/\/[0-9.]+:\d+/.exec(this.output);
      if (found) return found[0];
      if (this.child.exitCode !== null) break;
      await nap(20);
    }
    throw new Error(`it does not serve:\n${this.output}`);
  }
}

// ---- no room ----

const unshare = ['-r', '-m'];
const mayMount = spawnSync('unshare', [...unshare, 'sh', '-c', 'mount -t tmpfs -o size=1m none /mnt'], { stdio: 'ignore' }).status === 0;
const SIZE = 12;

test('on a full disk what is not stored is refused, and what was stored stays; with room again it goes on', { skip: mayMount ? false : 'a file system of its own may not be mounted on this machine' }, async () => {
  const place = await folder('full');
  const home = join(place, 'disk', 'city');
  await mkdir(join(place, 'disk'));
  const script = `mount -t tmpfs -o size=${SIZE}m none '${place}/disk' && cp -r '${root}/city' '${home}' && exec '${program}' serve`;
  const serve = new Bounded('unshare', [...unshare, 'sh', '-c', script], home);
  const url = await serve.url();
  const client = clientOf(url, 'bureau-clerk');
  const inside = `/proc/${serve.child.pid}/root${place}/disk`; // the test itself does not see that mount
  const kept: { id: number; bytes: Buffer }[] = [];
  const put = async (title: string, size: number) => {
    const bytes = Buffer.alloc(size, `${title} `);
    const reply = await upload(client, title, bytes);
    if (reply.status === 201) kept.push({ id: reply.json.id, bytes });
    return reply;
  };
  assert.equal((await put('before', 1000)).status, 201);
  const fill = await open(join(inside, 'fill'), 'w');
  const block = Buffer.alloc(64 * 1024, 1);
  let full = false;
  while (!full) await fill.write(block).catch(() => (full = true));
  await fill.close();
  let refused = 0;
  for (let i = 0; i < 40; i++) {
    const reply = await put(`full-${i}`, 20_000);
    if (reply.status !== 201) {
      refused++;
      assert.ok([500, 503, 507].includes(reply.status), `${reply.status} ${reply.text}`);
      assert.ok(reply.json.zh.remedy.length > 2, reply.text);
    }
  }
  assert.ok(refused > 30, `${refused} refused`);
  assert.equal((await client.get('/session')).status, 200);
  assert.equal((await client.get('/catalogue')).status, 200);
  unlinkSync(join(inside, 'fill'));
  assert.equal((await put('after', 1000)).status, 201, serve.output);
  for (const { id, bytes } of kept) {
    const content = await client.get(`/documents/${id}/content`);
    assert.equal(content.status, 200, content.text);
    assert.ok(content.bytes.equals(bytes), `document ${id}`);
  }
  client.close();
  await cp(join(inside, 'city'), join(place, 'copy'), { recursive: true, filter: (path) => !path.endsWith('.sock') });
  serve.child.kill('SIGTERM');
  assert.equal(await serve.ended, 0, serve.output);
  await verifies(join(place, 'copy'));
});

// ---- no descriptors ----

const DESCRIPTORS = 200;

test('without descriptors new connections wait or are dropped, nothing is half-done, and it goes on once they are back', async () => {
  const home = await copyHome('descriptors');
  const serve = new Bounded('prlimit', [`--nofile=${DESCRIPTORS}:${DESCRIPTORS}`, program, 'serve'], home);
  const url = new URL(await serve.url());
  const clients = [clientOf(url.href, 'bureau-clerk')];
  const kept: [number, string][] = [];
  const put = async (client: Client, title: string) => {
    const reply = await upload(client, encodeURIComponent(title), title).catch(() => undefined);
    if (reply?.status === 201) kept.push([reply.json.id, title]);
    return reply?.status;
  };
  assert.equal(await put(clients[0]!, 'before'), 201);
  const idle: Socket[] = [];
  for (let i = 0; i < 3 * DESCRIPTORS; i++) {
    const socket = connect(Number(url.port), url.hostname);
    socket.on('error', () => undefined);
    idle.push(socket);
  }
  await nap(300);
  assert.equal(await put(clients[0]!, 'on the connection that is there'), 201);
  const waiting = Promise.all(Array.from({ length: 20 }, (_, i) => put(clients[0]!, `while-${i}`)));
  await nap(500);
  assert.equal(serve.child.exitCode, null, serve.output);
  for (const socket of idle) socket.destroy();
  await waiting;
  for (let i = 0; i < 200 && (await put(clients[0]!, `after-${i}`)) !== 201; i++) await nap(50);
  assert.ok(kept.at(-1)![1].startsWith('after'), 'it does not go on');
  for (const [id, title] of kept) assert.equal((await clients[0]!.get(`/documents/${id}/content`)).text, title);
  for (const client of clients) client.close();
  serve.child.kill('SIGTERM');
  assert.equal(await serve.ended, 0, serve.output);
  await verifies(home);
});

// ---- a clock that goes back ----

function stepClock(home: string, hours: number): void {
  const clock = join(home, 'clock');
  const bytes = readFileSync(clock);
  bytes.writeBigInt64LE(bytes.readBigInt64LE(0) + BigInt(hours) * 3_600_000_000n, 0);
  writeFileSync(clock, bytes, { flag: 'r+' });
}

test('when the clock steps back, log-ins, steps, metering and the log go on in their order', async () => {
  const home = await copyHome('clock');
  const serve = new Service(['serve'], { DUKOU_HOME: home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1' });
  const client = clientOf(await serve.url(), 'bureau-clerk');
  const entries: number[] = [];
  for (const hours of [0, -1, -20, 24, -12, 0]) {
    stepClock(home, hours);
    const made = await upload(client, `clock${hours}`, `${hours}`);
    assert.equal(made.status, 201, made.text);
    entries.push(made.json.entry);
    assert.equal((await client.get('/session')).status, 200);
    const key = { 'Idempotency-Key': `a-key-for-the-clock-${entries.length}` };
    const code = `CLOCK-${entries.length}`;
    const item = { name: 'amount', title: '数', type: 'integer', nullable: true, use: 'measure', level: 1 };
    const draft = { code, title: code, abstract: '测试', category: '测试/测试/测试', industry: '测试', region: '全市', format: 'CSV', share_type: 'conditional', openness: '有条件开放', share_mode: '调用', update_cycle_days: 365, personal: false, origin: 'original', updated_day: '2026-11-01', items: [item] };
    const provider = clientOf(client.url, 'police-clerk');
    const first = await provider.call('POST', '/resources', { json: draft, headers: key });
    const again = await provider.call('POST', '/resources', { json: draft, headers: key });
    provider.close();
    assert.equal(first.status, 201, first.text);
    assert.equal(again.text, first.text, 'the same key, the same reply');
  }
  assert.deepEqual(entries, [...entries].sort((a, b) => a - b));
  client.close();
  assert.equal(await serve.stop(), 0, serve.output);
  await verifies(home);
});

test('when it steps back by more than a day, entries wait unsealed and say so until the city is started again', async () => {
  const home = await copyHome('clock');
  const serve = new Service(['serve'], { DUKOU_HOME: home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1' });
  const client = clientOf(await serve.url(), 'bureau-clerk');
  assert.equal((await upload(client, 'now', 'now')).status, 201);
  const sealed = () => Number(readFileSync(join(home, 'log', 'checkpoint'), 'utf8').split('\n')[1]);
  const first = (await upload(client, 'now2', 'now')).json.entry;
  for (let i = 0; i < 100 && sealed() <= first; i++) await nap(100);
  stepClock(home, -30);
  const late = await upload(client, 'yesterday', 'yesterday');
  assert.equal(late.status, 201, late.text);
  for (let i = 0; i < 100 && !/"seal"/.test(serve.output); i++) await nap(100);
  assert.match(serve.output, /"seal"/);
  client.close();
  await serve.stop();
  const again = new Service(['serve'], { DUKOU_HOME: home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1' });
  await again.url();
  for (let i = 0; i < 100 && sealed() <= late.json.entry; i++) await nap(100);
  assert.ok(sealed() > late.json.entry);
  assert.equal(await again.stop(), 0, again.output);
  await verifies(home);
});

// ---- no keeper ----

test('without its keeper the city answers what it can, refuses the rest, and stores nothing half', async () => {
  const home = await copyHome('keeperless');
  const serve = new Service(['serve'], { DUKOU_HOME: home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1' });
  const url = await serve.url();
  const client = clientOf(url, 'bureau-clerk');
  const keeper = Number(readFileSync(`/proc/${serve.child.pid}/task/${serve.child.pid}/children`, 'utf8').trim().split(' ')[0]);
  assert.equal((await upload(client, 'with', 'keeper')).status, 201);
  process.kill(keeper, 'SIGKILL');
  await nap(100);
  const refused = await upload(client, 'without', 'keeper');
  assert.equal(refused.status, 503, refused.text);
  assert.ok(refused.json.zh.remedy.length > 2 && refused.json.en.remedy.length > 2, refused.text);
  assert.equal((await client.get('/catalogue')).status, 200);
  assert.ok(!(await client.all('/documents')).some((one) => one.title === 'without'));
  client.close();
  serve.child.kill('SIGKILL');
  await serve.ended;
  const again = new Service(['serve'], { DUKOU_HOME: home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1' });
  const later = clientOf(await again.url(), 'bureau-clerk');
  assert.equal((await upload(later, 'with-again', 'keeper')).status, 201);
  later.close();
  assert.equal(await again.stop(), 0, again.output);
  await verifies(home);
});

// ---- nowhere to say it ----

test('a city whose first passwords cannot be printed is not said to be founded', async () => {
  const home = join(await folder('silent'), 'city');
  const ran = spawnSync('sh', ['-c', `'${program}' init 武汉市数据局 91420100900000025K > /dev/full`], { env: { ...process.env, DUKOU_HOME: home }, encoding: 'utf8' });
  assert.equal(ran.status, 1, ran.stderr);
  assert.match(ran.stderr, /password/);
});
