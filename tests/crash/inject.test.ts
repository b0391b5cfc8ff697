// A second opinion on failing disks: the real program, with one system call after the other made to fail by strace.
// Each time either all is well, or the command fails clearly and leaves a city that starts, verifies and goes on.
//
// strace counts for each process by itself and acts only on calls that it traces as well. DUKOU_CRASH_INJECT
// ("rotate:fsync:EIO:7") plays one alone. Where tracing is not permitted the tests are skipped, and counted so.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyHome, folder } from '../support/city.ts';
import { program, run, Service } from '../support/process.ts';
import { Link, json, type Asked } from './load.ts';

const CALLS = ['write', 'pwrite64', 'fsync', 'fdatasync', 'rename', 'renameat', 'mkdir', 'mkdirat', 'ftruncate', 'unlink', 'unlinkat'];
const SYNCS = ['fsync', 'fdatasync'];
const POINTS_EACH = process.env.DUKOU_TEST_LONG ? Infinity : 2; // of a command, a call and an error
const AT_ONCE = 2;
const ENDS_SECONDS = 60;

type Ended = { code: number | null; signal: NodeJS.Signals | null; out: string; err: string; injected: number };
type Scene = {
  home: (place: string) => Promise<string>;
  args: (place: string) => string[];
  play?: (url: string) => Promise<Asked[]>; // of a server, which is then asked to stop
  check: (place: string, home: string, ended: Ended, asked: Asked[]) => Promise<void>;
};

function mayTrace(): boolean {
  return spawnSync('strace', ['-f', '-o', '/dev/null', '-e', 'trace=fsync', 'true']).status === 0;
}

const nap = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function traced(trace: string, inject: string | null): string[] {
  return ['-f', '-qq', '-o', trace, '-e', `trace=${CALLS.join(',')}`, '-e', 'signal=none', ...(inject === null ? [] : ['-e', `inject=${inject}`]), program];
}

// The server under strace: the tracer's only child; null when it has ended by itself. Never 0, which would mean our whole group.
function tracee(pid: number): number | null {
  const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  return child > 0 ? child : null;
}

async function playServer(child: ReturnType<typeof spawn>, said: () => string, play: NonNullable<Scene['play']>): Promise<Asked[]> {
  let url: RegExpExecArray | null = null;
  for (let i = 0; i < ENDS_SECONDS * 50 && url === null && child.exitCode === null && child.signalCode === null; i++) {
    url = /https?:\/\/[0-9.]+:\d+/.exec(said());
    if (url === null) await nap(20);
  }
  if (url === null) return [];
  const asked = await play(url[0]);
  try {
    const server = tracee(child.pid!);
    if (server !== null) process.kill(server, 'SIGTERM');
  } catch {
    // it has ended by itself
  }
  return asked;
}

async function execute(scene: Scene, place: string, home: string, inject: string | null): Promise<{ ended: Ended; asked: Asked[] }> {
  const trace = join(place, 'trace');
  const environment = { ...process.env, DUKOU_HOME: home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1' };
  const child = spawn('strace', [...traced(trace, inject), ...scene.args(place)], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const asked = scene.play === undefined ? [] : await playServer(child, () => out, scene.play);
  const late = setTimeout(() => child.kill('SIGKILL'), ENDS_SECONDS * 1000);
  await closed;
  clearTimeout(late);
  const lines = existsSync(trace) ? await readFile(trace, 'utf8') : '';
  return { ended: { code: child.exitCode, signal: child.signalCode, out, err, injected: lines.split('(INJECTED)').length - 1 }, asked };
}

async function verifies(home: string): Promise<void> {
  const verified = await run(['audit', 'verify'], { DUKOU_HOME: home });
  assert.equal(verified.code, 0, verified.out + verified.err);
}

// Starts, stops, and verifies: what every city can that is not broken.
async function goesOn(home: string, look?: (link: Link) => Promise<void>): Promise<void> {
  const serve = new Service(['serve'], { DUKOU_HOME: home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1' });
  const link = new Link(await serve.url());
  await look?.(link);
  link.close();
  assert.equal(await serve.stop(), 0, serve.output);
  await verifies(home);
}

const FOUNDING = ['init', '武汉市数据局', '91420100900000025K'];

const scenes: Record<string, Scene> = {
  init: {
    home: async (place) => join(place, 'city'),
    args: () => FOUNDING,
    check: async (_, home, ended) => {
      if (ended.code === 0) assert.equal(ended.out.trim().split('\n').length, 5, `it succeeded and did not say the passwords: ${ended.out}`);
      const again = await run(FOUNDING, { DUKOU_HOME: home });
      assert.ok(again.code === 0 || /已有一座城市|a city here already/.test(again.err), `once more: ${again.code} ${again.err}`);
      await goesOn(home);
    },
  },
  rotate: {
    home: (place) => copyInto(place),
    args: () => ['keys', 'rotate'],
    check: (_, home) => goesOn(home, readDocument),
  },
  backup: {
    home: (place) => copyInto(place),
    args: (place) => ['backup', join(place, 'backup')],
    check: async (place, home, ended) => {
      await goesOn(home);
      if (ended.code !== 0) return;
      const restored = join(place, 'restored');
      await mkdir(restored);
      await cp(join(home, 'keys'), join(restored, 'keys'), { recursive: true });
      const ran = await run(['restore', join(place, 'backup')], { DUKOU_HOME: restored });
      assert.equal(ran.code, 0, `a backup that succeeded is not restored: ${ran.err}`);
      await verifies(restored);
    },
  },
  serve: {
    home: (place) => copyInto(place),
    args: () => ['serve'],
    play: async (url) => {
      const link = new Link(url);
      const bytes = Buffer.alloc(3000, '字节');
      const asked: Asked[] = [
        { what: 'document', login: 'bureau-clerk', method: 'POST', path: '/documents?title=injected&kind=material', body: bytes, type: 'application/octet-stream' },
        { what: 'close', login: 'operator-clerk', method: 'POST', path: '/rooms/1/close', ...json({ reason: '测试' }) },
        { what: 'document', login: 'developer-clerk', method: 'POST', path: '/documents?title=injected2&kind=material', body: bytes, type: 'application/octet-stream' },
      ];
      for (const one of asked) await link.send(one);
      link.close();
      return asked;
    },
    check: async (_, home, ended, asked) => {
      await goesOn(home, async (link) => {
        for (const one of asked.filter((each) => each.what === 'document' && each.status === 201)) {
          const content = await link.send({ what: 'content', login: one.login, method: 'GET', path: `/documents/${one.reply.id}/content` });
          assert.equal(content.status, 200, content.text);
          assert.equal(content.text, one.body!.toString('utf8'));
        }
        const closed = asked.find((one) => one.what === 'close')!;
        if (closed !== undefined && closed.status !== 200) {
          const again = await link.send({ ...closed, status: undefined });
          assert.equal(again.status, 200, `closing once more: ${again.text}`);
        }
      });
      if (asked.length > 0) assert.ok(!existsSync(join(home, 'keys', 'import-1.key')), 'the room was closed and the key of its import is there');
      void ended;
    },
  },
};

async function copyInto(place: string): Promise<string> {
  const home = await copyHome('inject');
  await cp(home, join(place, 'city'), { recursive: true });
  await rm(join(home, '..'), { recursive: true });
  return join(place, 'city');
}

async function readDocument(link: Link): Promise<void> {
  const list = await link.send({ what: 'list', login: 'bureau-clerk', method: 'GET', path: '/documents?limit=1' });
  const content = await link.send({ what: 'content', login: 'bureau-clerk', method: 'GET', path: `/documents/${list.reply.items[0].id}/content` });
  assert.equal(content.status, 200, content.text);
}

type Point = { call: string; error: string; when: number };

// How often the busiest process makes each call; the points to try, spread over them.
async function pointsOf(scene: Scene): Promise<Point[]> {
  const place = await folder('inject');
  const home = await scene.home(place);
  const { ended, asked } = await execute(scene, place, home, null);
  assert.equal(ended.code, 0, ended.err);
  await scene.check(place, home, ended, asked);
  const counts = new Map<string, number>();
  for (const line of (await readFile(join(place, 'trace'), 'utf8')).split('\n')) {
    const found = /^(\d+) +(\w+)\(/.exec(line);
    if (found) counts.set(`${found[1]} ${found[2]}`, (counts.get(`${found[1]} ${found[2]}`) ?? 0) + 1);
  }
  await rm(place, { recursive: true, force: true });
  const points: Point[] = [];
  for (const call of CALLS) {
    const most = Math.max(0, ...[...counts].filter(([key]) => key.endsWith(` ${call}`)).map(([, count]) => count));
    const errors = ['write', 'pwrite64'].includes(call) ? ['EIO', 'ENOSPC'] : ['EIO'];
    for (const error of errors) {
      const stride = Math.max(1, most / POINTS_EACH);
      for (let when = 1; when <= most; when += stride) points.push({ call, error, when: Math.floor(when) });
    }
  }
  return points;
}

async function onePoint(name: string, scene: Scene, point: Point): Promise<void> {
  const place = await folder('inject');
  const inject = `${point.call}:error=${point.error}:when=${point.when}`;
  try {
    const home = await scene.home(place);
    const { ended, asked } = await execute(scene, place, home, inject);
    // Of a server's calls some come at their own time: then there was nothing to fail.
    if (ended.injected > 0 && SYNCS.includes(point.call)) assert.ok(ended.code !== 0, 'it went on after a failed fsync, and ended well');
    assert.ok(ended.code !== 139 && ended.signal !== 'SIGSEGV', `${ended.code} ${ended.signal} ${ended.err}`);
    if (ended.injected > 0 && ended.code !== 0 && point.call !== 'write') assert.ok(ended.err.length > 0, 'it failed without a word');
    await scene.check(place, home, ended, asked);
  } catch (error) {
    throw new Error(`DUKOU_CRASH_INJECT=${name}:${point.call}:${point.error}:${point.when}\n${(error as Error).message}`, { cause: error });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

const permitted = mayTrace();
const given = process.env.DUKOU_CRASH_INJECT?.split(':');
for (const [name, scene] of Object.entries(scenes)) {
  if (given !== undefined && given[0] !== name) continue;
  test(`${name}: whichever write or sync fails, it fails clearly and goes on afterwards`, { timeout: process.env.DUKOU_TEST_LONG ? 18_000_000 : 600_000, skip: permitted ? false : 'strace is not there, or tracing is not permitted on this machine' }, async (context) => {
    const points = given !== undefined ? [{ call: given[1]!, error: given[2]!, when: Number(given[3]) }] : await pointsOf(scene);
    let next = 0;
    const worker = async () => {
      while (next < points.length) await onePoint(name, scene, points[next++]!);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    context.diagnostic(`${points.length} failing calls`);
    assert.ok(points.length > 10 || given !== undefined);
  });
}
