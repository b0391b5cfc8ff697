// kill -9 of serve, keeper, source and sealer at random instants under load; what the city had answered must be there
// afterwards, with its entries, and nothing half-done.
//
// A run follows from its seed, but for the machine's own timing: DUKOU_CRASH_SEED=17 node run.ts crash/kill.test.ts
// plays seed 17 alone, DUKOU_CRASH_KEEP=1 leaves its city where it lies. DUKOU_CRASH_FROM and DUKOU_CRASH_RUNS
// bound the seeds of a campaign, so that several machines can share one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folder } from '../support/city.ts';
import { copyStore, inDatabase, removeStore } from '../support/postgres.ts';
import { program, run, Service } from '../support/process.ts';
import { openStore } from '../support/store.ts';
import { makeBase, writeSource, type Base } from './base.ts';
import { Chance, Link, Load, type Asked } from './load.ts';
import { askAgain, checkStore, readBack } from './verdict.ts';

const RUNS = Number(process.env.DUKOU_CRASH_RUNS ?? (process.env.DUKOU_TEST_LONG ? 10_000 : inDatabase ? 20 : 300));
const FROM = Number(process.env.DUKOU_CRASH_FROM ?? 0);
const PAST = FROM + RUNS;
const RUNS_EACH = 50;
const AT_ONCE = 2;
const cutter = fileURLToPath(new URL('../../build/tests/crash/cut.so', import.meta.url));

let base: Base;
before(async () => {
  base = await makeBase();
}, { timeout: 120_000 });
after(async () => {
  if (base !== undefined) await rm(join(base.home, '..'), { recursive: true, force: true });
});

type Victim = 'serve' | 'keeper' | 'source' | 'seal' | 'store' | 'vault';

function pickVictim(chance: Chance): Victim {
  const victims: Victim[] = ['serve', 'serve', 'serve', 'serve', 'keeper', 'keeper', 'source', 'seal', 'store', 'vault'];
  return victims[chance.below(victims.length)]!;
}

function serveHome(home: string, environment: Record<string, string> = {}): Service {
  return new Service(['serve'], { DUKOU_HOME: home, DUKOU_PORT: '0', DUKOU_ADDRESS: '127.0.0.1', DUKOU_ACCOUNT_PER_MINUTE: '10000000', ...environment });
}

function cutOf(victim: Victim, chance: Chance): Record<string, string> {
  const order = { seal: `serve:seal:${1 + chance.below(40)}`, store: `serve:store:${1 + chance.below(600)}`, vault: `keeper:seal:${1 + chance.below(120)}` }[victim as string];
  return order === undefined ? {} : { LD_PRELOAD: cutter, DUKOU_CUT: order };
}

function keeperOf(serve: Service): number {
  return Number(readFileSync(`/proc/${serve.child.pid}/task/${serve.child.pid}/children`, 'utf8').trim().split(' ')[0]);
}

const nap = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function end(serve: Service): Promise<void> {
  serve.child.kill('SIGKILL');
  await serve.ended;
}

// The agent is killed while it delivers; started again, it brings what is left.
async function killSource(home: string, url: string, chance: Chance): Promise<string> {
  const source = join(home, '..', 'source');
  await cp(base.source, source, { recursive: true });
  await writeSource(source, url, home);
  const agent = spawn(program, ['source', '--config', join(source, 'source.json'), 'once'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => agent.on('close', resolve));
  await nap(chance.below(250));
  agent.kill('SIGKILL');
  await ended;
  return source;
}

async function breakIt(victim: Victim, serve: Service, chance: Chance, load: Load): Promise<void> {
  const instant = 40 + chance.below(200);
  if (victim === 'keeper') {
    await nap(instant);
    process.kill(keeperOf(serve), 'SIGKILL');
    await nap(30); // it answers on, without its keeper
  } else if (victim === 'seal') {
    await nap(instant);
    serve.child.kill('SIGTERM'); // its last act is to seal; the cut comes in there, or there was nothing more
    await Promise.race([serve.ended, nap(3000)]);
  } else if (victim === 'store' || victim === 'vault') {
    await Promise.race([serve.ended, nap(instant + 150)]);
  } else {
    await nap(instant);
  }
  await end(serve);
  await load.stop();
}

// What was answered in all runs, by kind: a load that does nothing proves nothing.
const answered = new Map<string, number>();

function tally(journal: Asked[]): void {
  for (const asked of journal) if (asked.status !== undefined && asked.status < 300) answered.set(asked.what, (answered.get(asked.what) ?? 0) + 1);
}

async function oneRun(seed: number, spoil?: (home: string) => void): Promise<void> {
  const chance = new Chance(seed);
  const victim = pickVictim(chance);
  const place = await folder(`run${seed}`);
  const home = join(place, 'city');
  const words = () => `seed ${seed}, ${victim} killed: replay with DUKOU_CRASH_SEED=${seed} node run.ts crash/kill.test.ts\n`;
  try {
    await cp(base.home, home, { recursive: true });
    copyStore(base.home, home);
    const serve = serveHome(home, cutOf(victim, chance));
    const url = await serve.url().catch(() => ''); // a cut may come before it listens
    const load = new Load(base, url || 'http://127.0.0.1:9', seed);
    let source = '';
    if (victim !== 'source' && url !== '') load.start();
    if (victim === 'source') source = await killSource(home, url, chance);
    await breakIt(victim, serve, chance, load);
    spoil?.(home);
    tally(load.journal);
    await startAgain(home, load, source, chance);
  } catch (error) {
    throw new Error(words() + (error as Error).message, { cause: error });
  } finally {
    if (!process.env.DUKOU_CRASH_KEEP) {
      await rm(place, { recursive: true, force: true });
      removeStore(home);
    } else console.log(`seed ${seed}: ${home}`);
  }
}

async function startAgain(home: string, load: Load, source: string, chance: Chance): Promise<void> {
  const serve = serveHome(home);
  const url = await serve.url();
  const link = new Link(url);
  if (source !== '') {
    await writeSource(source, url, home);
    const ran = await run(['source', '--config', join(source, 'source.json'), 'once']);
    assert.equal(ran.code, 0, ran.out + ran.err);
    load.journal.push(...base.deliveries.map(({ order }) => ({ what: 'slice', login: 'land-source', method: 'PUT', path: '', status: 200, note: { order } })));
  }
  await askAgain(link, load.journal, chance);
  await waitForQueries(link);
  await readBack(link, load.journal);
  link.close();
  if (chance.below(8) === 0) {
    serve.child.kill('SIGTERM');
    assert.equal(await serve.ended, 0, serve.output);
  } else await end(serve);
  const verified = await run(['audit', 'verify'], { DUKOU_HOME: home });
  assert.equal(verified.code, 0, verified.out + verified.err);
  checkStore(base, home, load.journal);
}

// Those that were asked again run; the last kill is to find none.
async function waitForQueries(link: Link): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const list = await link.send({ what: 'list', login: 'developer-clerk', method: 'GET', path: `/rooms/${base.room}/queries?limit=100` });
    assert.equal(list.status, 200, list.text);
    if (!list.reply.items.some((one: any) => one.state === 'running')) return;
    await nap(20);
  }
  assert.fail('a query does not end');
}

async function runs(from: number, past: number): Promise<void> {
  let next = from;
  const worker = async () => {
    while (next < past) await oneRun(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

// The control: one metered call is taken out of what was left.
const SPOILED_SEED = 3;

function loseOneCall(home: string): void {
  const store = openStore(home, false);
  const lost = store.prepare('DELETE FROM meter WHERE id = (SELECT max(id) FROM meter WHERE call_key IS NOT NULL)').run();
  assert.equal(Number(lost.changes), 1);
  store.close();
}

const given = process.env.DUKOU_CRASH_SEED;
if (given !== undefined) test(`seed ${given}`, () => oneRun(Number(given)));
else {
  for (let from = FROM; from < PAST; from += RUNS_EACH)
    test(`killed at any instant, the city keeps what it answered: seeds ${from} to ${from + RUNS_EACH - 1}`, { timeout: 600_000 }, () => runs(from, Math.min(from + RUNS_EACH, PAST)));
  test('the load was no idle one', (context) => {
    context.diagnostic([...answered].map(([what, count]) => `${what} ${count}`).join(', '));
    const rare = inDatabase ? [] : ['query', 'content', 'slice', 'close']; // a few runs may do without
    for (const what of ['document', 'resource', 'step', 'call', 'bill', 'import', ...rare]) assert.ok((answered.get(what) ?? 0) >= RUNS / 20, `${what}: ${answered.get(what)} answered`);
  });
  test('a loss is seen', () => assert.rejects(oneRun(SPOILED_SEED, loseOneCall), /NOT verified|call key|an order counts other calls|metered|0 !== 1/));
}
