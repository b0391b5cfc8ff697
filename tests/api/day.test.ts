// A developer's day, with what goes wrong in it: files that are broken or meant to do harm, queries that ask for
// what they may not. Each gets a refusal with place, reason and way out, and the next good one works.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync, deflateRawSync } from 'node:zlib';
import { City } from '../support/city.ts';
import type { Client, Reply } from '../support/client.ts';
import { content } from '../support/store.ts';

let city: City;
let developer: Client;
let room: number;
before(async () => {
  city = await City.open('day');
  developer = city.as('developer-clerk');
  room = (await developer.all('/rooms'))[0].id;
});
after(() => city?.close());

const GOOD = 'SELECT insurance.insurance, COUNT(*) AS n FROM insurance GROUP BY insurance.insurance';

function ask(sql: string): Promise<Reply> {
  return developer.post(`/rooms/${room}/queries`, { sql });
}

async function finish(query: any): Promise<any> {
  for (let i = 0; i < 600; i++) {
    const now = await developer.does('GET', `/queries/${query.id}`);
    if (now.state !== 'running') return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('the query does not end');
}

async function goodQueryWorks(): Promise<void> {
  const reply = await ask(GOOD);
  assert.ok(reply.status < 300, reply.text);
  const done = await finish(reply.json);
  assert.equal(done.state, 'done', JSON.stringify(done));
  assert.equal((await city.anyone.call('GET', '//health')).status, 200);
}

async function newImport(table: string): Promise<number> {
  const proof = await developer.upload('证明', 'proof', '合法来源');
  const columns = [
    { name: 'district', type: 'text', use: 'key' },
    { name: 'zone', type: 'text', use: 'dimension' },
  ];
  const made = await developer.does('POST', `/rooms/${room}/imports`, { title: table, table_name: table, proof_id: proof.id, columns });
  return made.id;
}

function told(reply: Reply, what: string): void {
  assert.ok(reply.status >= 400 && reply.status < 500, `${what}: ${reply.status} ${reply.text.slice(0, 300)}`);
  const { zh, en } = reply.json;
  for (const part of [zh.reason, zh.remedy, en.reason, en.remedy]) assert.ok(part.length > 2, `${what}: ${reply.text}`);
  assert.doesNotMatch(reply.text, /Catalog Error|Parser Error|Binder Error|IO Error|\/tmp\/|\/proc\/|memfd|json_serialize/i, what);
}

test('a good query runs, and shows its shape alone', async () => {
  const reply = await ask(GOOD);
  const done = await finish(reply.json);
  assert.equal(done.state, 'done');
  const shape = JSON.stringify(done.shape);
  assert.match(shape, /insurance/);
  assert.doesNotMatch(shape, /养老|医疗|失业|工伤/, 'a value is in the shape');
  await goodQueryWorks();
});

test('queries that ask for rows, files, settings or several things are refused with reason and way out', async () => {
  const before = content(city.home);
  for (const sql of [
    'SELECT * FROM insurance', 'SELECT citizen_number FROM insurance', 'SELECT insurance.citizen_number, COUNT(*) FROM insurance GROUP BY insurance.citizen_number',
    'SELECT COUNT(*) FROM insurance; SELECT 1', "SELECT COUNT(*) FROM read_parquet('/etc/passwd')", "SELECT COUNT(*) FROM read_csv('/etc/passwd')",
    "SELECT COUNT(*) FROM '/etc/passwd'", "SELECT COUNT(*) FROM query('SELECT 1')", "SELECT COUNT(*) FROM glob('/*')", 'SELECT COUNT(*) FROM duckdb_settings()',
    "SELECT * FROM enable_logging('x')", 'PRAGMA version', "ATTACH '/tmp/x.db'", "COPY insurance TO '/tmp/x.csv'", 'INSTALL httpfs', "LOAD 'httpfs'", 'SET threads = 1',
    'DROP TABLE insurance', 'DELETE FROM insurance', 'INSERT INTO insurance VALUES (1)', 'CREATE TABLE x AS SELECT 1', 'DESCRIBE insurance', 'SUMMARIZE insurance', 'SHOW TABLES',
    'VALUES (1)', 'FROM insurance', 'TABLE insurance', 'WITH x AS (SELECT * FROM insurance) SELECT * FROM x', 'SELECT (SELECT citizen_number FROM insurance LIMIT 1)',
    'SELECT LIST(citizen_number) FROM insurance', "SELECT STRING_AGG(citizen_number, ',') FROM insurance", 'SELECT MIN(citizen_number) FROM insurance', 'SELECT ANY_VALUE(citizen_number) FROM insurance',
    'SELECT COUNT(*) FROM insurance UNION ALL SELECT months_paid FROM insurance', 'SELECT COUNT(*) OVER () FROM insurance', 'SELECT COUNT(*) FROM insurance, people',
    'SELECT COUNT(*) FROM insurance JOIN people ON TRUE', 'SELECT COUNT(*) FROM insurance CROSS JOIN people', 'SELECT COUNT(*) FROM nowhere', 'SELECT COUNT(nothing) FROM insurance',
    "SELECT getenv('HOME'), COUNT(*) FROM insurance", "SELECT COUNT(*) FROM insurance WHERE citizen_number = '420102199001010010'", 'SELECT COUNT(*) FROM insurance USING SAMPLE 1',
    'SELECT COUNT(*) FROM insurance LIMIT random()', 'EXPLAIN SELECT COUNT(*) FROM insurance', 'EXPLAIN ANALYZE SELECT COUNT(*) FROM insurance', 'CALL pragma_version()', 'SELEC 1', ';', '--', '/*', "'", '"',
    'SELECT COUNT(*) FROM main.insurance', 'SELECT COUNT(*) FROM information_schema.tables', 'SELECT COUNT(*) FROM insurance AT (VERSION => 1)', 'SELECT COLUMNS(*) FROM insurance',
    'SELECT EXP(SUM(LN(months_paid))) FROM insurance GROUP BY ALL', 'PIVOT insurance ON insurance USING COUNT(*)', '\u202eSELECT 1',
  ]) {
    const reply = await ask(sql);
    told(reply, sql);
    assert.match(String(reply.json.field ?? '/sql'), /^(\/sql|line \d+, column \d+|position \d+)$/, `${sql}: ${reply.text}`);
  }
  const now = content(city.home);
  assert.deepEqual(now.query, before.query);
  await goodQueryWorks();
});

test('SQL of a megabyte, nested ten thousand deep, or full of terms is refused, and the parser is there after it', async () => {
  const deep = 10_000;
  for (const [what, sql] of [
    ['a megabyte', `SELECT COUNT(*) FROM insurance WHERE status = '${'x'.repeat(1_000_000)}'`],
    ['deep brackets', `SELECT ${'('.repeat(deep)}1${')'.repeat(deep)}`],
    ['deep subqueries', `${'SELECT * FROM ('.repeat(2000)}SELECT 1${')'.repeat(2000)}`],
    ['deep negation', `SELECT COUNT(*) FROM insurance WHERE ${'NOT '.repeat(deep)} TRUE`],
    ['a long sum', `SELECT ${'1+'.repeat(deep)}1`],
    ['many columns', `SELECT ${'COUNT(*),'.repeat(5000)}COUNT(*) FROM insurance`],
    ['deep CASE', `SELECT ${'CASE WHEN TRUE THEN '.repeat(1000)}1${' END'.repeat(1000)}`],
  ] as const)
    told(await ask(sql), what);
  await goodQueryWorks();
});

test('broken tables are refused with the place, and the import can be tried again', async () => {
  const rows = '江岸区,中心\n'.repeat(20);
  const id = await newImport('broken');
  for (const [what, bytes] of [
    ['nothing in it', Buffer.from(' ')],
    ['no rows of this header', Buffer.from('a,b\n1,2\n')],
    ['a ragged row', Buffer.from(`district,zone\n${rows}江汉区\n${rows}`)],
    ['a row too long', Buffer.from(`district,zone\n${rows}江汉区,中心,多余\n`)],
    ['GBK', Buffer.concat([Buffer.from('district,zone\n'), Buffer.from([0xbd, 0xad, 0xb0, 0xb6, 0x2c, 0xd6, 0xd0, 0x0a])])],
    ['a NUL', Buffer.from('district,zone\n江\0岸,中心\n')],
    ['a quote that stays open', Buffer.from(`district,zone\n"江岸区,中心\n${rows}`)],
    ['a column twice', Buffer.from('district,district\n1,2\n')],
    ['a million columns', Buffer.from(`${Array.from({ length: 1_000_000 }, (_, i) => `c${i}`).join(',')}\n`)],
    ['one line of ten megabytes', Buffer.from(`district,zone\n${'x'.repeat(10_000_000)},y\n`)],
    ['random bytes', Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 256))],
    ['a Parquet that is none', Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(64, 0xff), Buffer.from('PAR1')])],
    ['a Parquet with a huge footer', Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(64), Buffer.from([0xff, 0xff, 0xff, 0x7f]), Buffer.from('PAR1')])],
    ['a Parquet with a footer of nonsense', Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(200, 0x19), Buffer.from([200, 0, 0, 0]), Buffer.from('PAR1')])],
    ['a zip bomb', zipBomb()],
    ['a gzip bomb', gzipSync(Buffer.alloc(64 * 1024 * 1024))],
    ['a spreadsheet', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100)])],
  ] as const) {
    const reply = await developer.put(`/imports/${id}/content`, bytes);
    told(reply, what);
    const now = await developer.does('GET', `/imports/${id}`);
    assert.equal(now.row_count, undefined, what);
  }
  const good = await developer.put(`/imports/${id}/content`, `district,zone\n${rows}`);
  assert.equal(good.status, 200, good.text);
  assert.equal(good.json.row_count, 20);
  await goodQueryWorks();
});

// A zip of one file: a gigabyte of zeros says its directory.
function zipBomb(): Buffer {
  const name = Buffer.from('a.csv');
  const packed = deflateRawSync(Buffer.alloc(32 * 1024 * 1024));
  const head = Buffer.alloc(30);
  head.write('PK\x03\x04', 'latin1');
  head.writeUInt16LE(20, 4);
  head.writeUInt16LE(8, 8);
  head.writeUInt32LE(packed.length, 18);
  head.writeUInt32LE(1 << 30, 22);
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, name, packed]);
}

test('a refused row is told by its line', async () => {
  const id = await newImport('ragged');
  const reply = await developer.put(`/imports/${id}/content`, 'district,zone\n江岸区,中心\n江汉区\n硚口区,中心\n');
  told(reply, 'ragged');
  assert.match(reply.json.field, /^line 3\b/, reply.text);
});

test('a file of any kind may be a document: it is kept as bytes, and nobody opens it', async () => {
  for (const bytes of [zipBomb(), Buffer.from('<script>alert(1)</script>'), Buffer.alloc(1)]) {
    const made = await developer.upload('附件', 'material', bytes);
    const back = await developer.get(`/documents/${made.id}/content`);
    assert.equal(back.status, 200);
    assert.deepEqual(back.bytes, bytes);
    assert.match(String(back.headers['content-disposition']), /^attachment/);
    assert.equal(back.headers['x-content-type-options'], 'nosniff');
    assert.doesNotMatch(String(back.headers['content-type']), /html|svg|xml/);
  }
});

test('a request for what is not in the catalogue, or for columns that are forbidden, is refused by its place', async () => {
  const entry = (await developer.all('/catalogue')).find((one) => one.code === 'SYN-SI-2025');
  const request = { room_id: room, entry_id: entry.id, table_name: 'more', purpose: '试验', columns: ['insurance'] };
  for (const [part, field] of [
    [{ entry_id: 999_999 }, '/entry_id'], [{ room_id: 999_999 }, '/room_id'], [{ columns: ['no_such_column'] }, '/columns'],
    [{ columns: [] }, '/columns'], [{ table_name: 'insurance' }, '/table_name'], [{ table_name: 'a b; DROP' }, '/table_name'], [{ purpose: '' }, '/purpose'],
  ] as const) {
    const reply = await developer.post('/requests', { ...request, ...part });
    told(reply, field);
    assert.ok(String(reply.json.field).startsWith(field) || reply.status === 404, `${field}: ${reply.text}`);
  }
});

test('after all that the log verifies', async () => {
  const verified = await city.dukou('audit', 'verify');
  assert.equal(verified.code, 0, verified.out);
});
