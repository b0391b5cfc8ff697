// The database is lost, and comes back by PostgreSQL's own means: a base backup and the archive of its log. To the end of the archive nothing
// is lost. To a moment before, the city does not serve until it is told; then it keeps to its own log, which knows what the store does not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { Postgres } from '../support/postgres_server.ts';
import { Twins } from '../support/twins.ts';

const primary = Postgres.archiving();
const recovered: Postgres[] = [];
let twins: Twins;
let body: (name: string) => object;
let moment: string;
let early: number[];
let late: number[];
before(async () => {
  twins = await Twins.open('postgres-archive', primary);
  const room = (await twins.one.as('developer-clerk').all('/rooms'))[0].id;
  const entry = (await twins.one.anyone.all('/catalogue')).find((one) => one.title.includes('保险')).id;
  body = (name) => ({ room_id: room, entry_id: entry, table_name: name, purpose: '恢复演练', columns: ['insurance'] });
  await requests(['base1']);
  primary.backUp();
  early = await requests(['early1', 'early2', 'early3']);
  await allIsSealed();
  moment = primary.sql('SELECT clock_timestamp()');
  late = await requests(['late1', 'late2']);
  await allIsSealed();
  await Promise.all([twins.one.kill(), twins.two.kill()]);
  await primary.archive();
  primary.kill();
});
after(async () => {
  await twins?.close();
  for (const server of [...recovered, primary]) server.remove();
});

async function requests(names: string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const name of names) ids.push((await twins.one.as('developer-clerk').does('POST', '/requests', body(name))).id);
  return ids;
}

function allIsSealed(): Promise<void> {
  return eventually('all is sealed', () => twins.sealed() === twins.entries());
}

// The city's store is where `server` has recovered to.
async function moveTo(server: Postgres): Promise<void> {
  recovered.push(server);
  await eventually('it has recovered', () => server.sql('SELECT pg_is_in_recovery()') === 'f');
  twins.environment.DUKOU_STORE = Postgres.url(server);
  twins.server = server;
}

function kept(ids: number[]): number[] {
  return twins.rows(`SELECT id FROM request WHERE id IN (${ids.join()}) ORDER BY id`).map(({ id }) => Number(id));
}

test('recovered to the end of the archive, nothing is lost, and the city goes on', async () => {
  await moveTo(Postgres.recovered(primary));
  twins.one = await twins.serve();
  assert.deepEqual(kept([...early, ...late]), [...early, ...late]);
  const [next] = await requests(['after1']);
  assert.ok(next! > late.at(-1)!);
  await twins.verify();
  await twins.one.kill();
});

test('recovered to a moment before, it serves once it is told, and its log knows what the store has lost', async () => {
  const before = twins.sealed();
  await moveTo(Postgres.recovered(primary, moment));
  const refused = await twins.dukou('serve');
  assert.equal(refused.code, 1, refused.out);
  assert.match(refused.err, /the store is an older copy[\s\S]*dukou restore --placed/);
  const told = await twins.dukou('restore', '--placed');
  assert.equal(told.code, 0, told.err);
  twins.one = await twins.serve();
  assert.deepEqual(kept([...early, ...late]), early);
  const [next] = await requests(['after2']);
  assert.ok(next! > late.at(-1)! + 1, 'an id of a lost row is given again');
  assert.match(await twins.verify(), /older than entries \d+ to \d+: they stand in the log alone/);
  assert.ok(twins.sealed() > before, 'the log got shorter');
});
