// What an administrator watches: health, metrics, the log.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { City, copyHome, folder, patient } from '../support/city.ts';
import { Client } from '../support/client.ts';
import { checkLog } from '../support/log.ts';
import { readMetrics } from '../support/metrics.ts';
import { run } from '../support/process.ts';

const TOKEN = 'a token of forty characters for the test';
let city: City;
let watcher: { Authorization: string };

before(async () => {
  const file = join(await folder('monitor'), 'token');
  await writeFile(file, `${TOKEN}\n`, { mode: 0o600 });
  city = await City.serveHome(await copyHome('monitor'), { ...patient, DUKOU_METRICS_TOKEN: file });
  watcher = { Authorization: `Bearer ${TOKEN}` };
});
after(() => city?.close());

async function scrape() {
  const reply = await city.anyone.call('GET', '//metrics', { headers: watcher });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  return { text: reply.text, families: readMetrics(reply.text) };
}

function value(families: Awaited<ReturnType<typeof scrape>>['families'], name: string, labels: Record<string, string> = {}): number {
  const family = families.get(name.replace(/_(count|sum|bucket)$/, '')) ?? families.get(name);
  const found = family!.samples.filter((one) => one.name === name && Object.entries(labels).every(([key, wanted]) => one.labels[key] === wanted));
  return found.reduce((sum, one) => sum + one.value, 0);
}

test('metrics are for who has the token; for others there is no such page', async () => {
  const wrong: Record<string, string>[] = [{}, { Authorization: 'Bearer wrong' }, { Authorization: `Bearer ${TOKEN}x` }, { Authorization: `Basic ${TOKEN}` }];
  for (const headers of wrong) {
    const reply = await city.anyone.call('GET', '//metrics', { headers });
    assert.equal(reply.status, 404, JSON.stringify(headers));
    assert.doesNotMatch(reply.text, /dukou_/);
  }
  assert.equal((await city.as('bureau-clerk').call('GET', '//metrics')).status, 404, 'an account is not enough');
  assert.equal((await city.anyone.call('POST', '//metrics', { headers: watcher })).status, 405);
});

test('the page is what Prometheus reads, and holds just the families that the table declares', async () => {
  const { families } = await scrape();
  const table = await run(['metrics']);
  assert.equal(table.code, 0);
  const declared = [...table.out.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)];
  assert.ok(declared.length > 20);
  assert.deepEqual([...families.keys()], declared.map((row) => row[1]));
  for (const [, name, kind, labels, help] of declared) {
    const family = families.get(name!)!;
    assert.equal(family.kind, kind);
    assert.equal(family.help, help);
    const allowed = [...labels!.matchAll(/`(\w+)`/g)].map((one) => one[1]);
    for (const sample of family.samples) {
      const own = Object.keys(sample.labels).filter((one) => one !== 'le');
      assert.deepEqual(own, allowed, `labels of ${name}`);
    }
  }
});

test('requests, log and store are counted', async () => {
  const before = (await scrape()).families;
  const clerk = city.as('land-clerk');
  const made = await clerk.does('POST', '/resources', { code: 'MON-1', title: '监控' });
  for (let i = 0; i < 5; i++) await clerk.get(`/resources/${made.id}`);
  assert.equal((await clerk.get('/resources/999999')).status, 404);
  const { text, families } = await scrape();
  const grown = (name: string, labels: Record<string, string>) => value(families, name, labels) - value(before, name, labels);
  const read = { method: 'GET', route: '/resources/{id}' };
  assert.equal(grown('dukou_http_requests_total', { ...read, class: '2xx' }), 5);
  assert.equal(grown('dukou_http_requests_total', { ...read, class: '4xx' }), 1);
  assert.equal(grown('dukou_http_request_seconds_count', read), 6);
  assert.equal(grown('dukou_http_requests_total', { method: 'POST', route: '/resources', class: '2xx' }), 1);
  assert.ok(grown('dukou_store_transactions_total', { kind: 'write' }) >= 1);
  assert.ok(grown('dukou_store_batch_units_sum', {}) >= 1);
  assert.ok(value(families, 'dukou_log_entries_total') > 200);
  assert.ok(value(families, 'process_resident_memory_bytes') > 1e6);
  assert.equal(value(families, 'dukou_build_info'), 1);
  assert.doesNotMatch(text, /监控|land-clerk|MON-1|\b\d{17}[\dX]\b/);
});

test('a backup that was read back shows', async () => {
  const target = join(await folder('monitor-backup'), 'one');
  assert.equal(value((await scrape()).families, 'dukou_backup_timestamp_seconds'), 0);
  const made = await run(['backup', target], { DUKOU_HOME: city.home });
  assert.equal(made.code, 0, made.err);
  const { families } = await scrape();
  for (const kind of ['made', 'verified']) assert.ok(value(families, 'dukou_backup_timestamp_seconds', { kind }) > 1e9, kind);
});

test('everybody learns whether it works, who has the token which part', async () => {
  const anyone = await city.anyone.call('GET', '//health');
  assert.deepEqual(anyone.json, { status: 'ok' });
  assert.deepEqual((await city.anyone.call('GET', '//health/live')).json, { status: 'ok' });
  const told = (await city.anyone.call('GET', '//health', { headers: watcher })).json;
  assert.deepEqual(told.parts, { store: 'ok', log: 'ok', keeper: 'ok', workers: 'ok' });
  assert.ok(told.sealed <= told.entries && told.seal_lag_seconds < 30);
});

test('whoever asks too often without the token is told to wait', async () => {
  const home = await copyHome('monitor-rate');
  const strict = await City.serveHome(home, { DUKOU_PUBLIC_PER_MINUTE: '5', DUKOU_LOG: 'info' });
  const statuses: number[] = [];
  for (let i = 0; i < 8; i++) statuses.push((await strict.anyone.call('GET', i % 2 === 0 ? '//health' : '//metrics')).status);
  assert.ok(statuses.includes(429), String(statuses));
  await strict.close();
});

test('a token that is too short, or an unknown level, is refused with the way out', async () => {
  const file = join(await folder('monitor-short'), 'token');
  await writeFile(file, 'short');
  const short = await run(['serve'], { DUKOU_HOME: city.home, DUKOU_METRICS_TOKEN: file });
  assert.equal(short.code, 1);
  assert.match(short.err, /DUKOU_METRICS_TOKEN.*too short[\s\S]*openssl rand/);
  const level = await run(['serve'], { DUKOU_HOME: city.home, DUKOU_LOG: 'loud' });
  assert.equal(level.code, 1);
  assert.match(level.err, /DUKOU_LOG[\s\S]*warning/);
});

test('the log has a line for each request, under the id that the reply carries, and nothing of what was sent', async () => {
  const clerk = city.as('land-clerk');
  const marks = ['标记甲', 'mark-in-query', 'mark-in-path', 'mark-in-body', 'mark-in-agent', 'mark-in-key-0001'];
  const made = await clerk.call('POST', '/resources', {
    json: { code: 'mark-in-body', title: '标记甲' },
    headers: { 'User-Agent': 'mark-in-agent', 'Idempotency-Key': 'mark-in-key-0001' },
  });
  assert.equal(made.status, 201, made.text);
  const read = await clerk.get(`/resources/${made.json.id}`);
  await city.anyone.get('/catalogue?q=mark-in-query');
  await city.anyone.call('GET', '//api/mark-in-path/%E6%A0%87');
  const lines = checkLog(city.serve.output, new Set(Object.keys(city.api.document.paths).map((path) => path.replace(/^\/api/, ''))));
  const posted = lines.find((line) => line.request === made.headers['x-request-id']);
  assert.equal(posted?.route, '/resources');
  assert.equal(posted?.status, 201);
  assert.equal(posted?.entry, made.json.entry, 'the number of its entry');
  assert.equal(lines.find((line) => line.request === read.headers['x-request-id'])?.route, '/resources/{id}');
  const ids = lines.filter((line) => line.event === 'request').map((line) => line.request);
  assert.equal(new Set(ids).size, ids.length, 'ids are given once');
  for (const mark of [...marks, '127.0.0.1:', 'land-clerk']) {
    const told = city.serve.output.split('\n').filter((line) => line.startsWith('{') && line.includes(mark));
    assert.deepEqual(told, [], mark);
  }
});

function keeperOf(serve: number): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      if (new RegExp(`^PPid:\\s*${serve}$`, 'm').test(status)) return Number(name);
    } catch {
      continue;
    }
  }
  throw new Error('no keeper');
}

// The last test: it leaves a city without a keeper.
test('without its keeper the platform says that it is not available, and which part fails', async () => {
  const home = await copyHome('monitor-keeper');
  const file = join(home, 'metrics.token');
  await writeFile(file, TOKEN);
  const other = await City.serveHome(home, { ...patient, DUKOU_METRICS_TOKEN: file });
  execFileSync('kill', ['-9', String(keeperOf(other.serve.child.pid!))]);
  const anyone = new Client(other.url, null); // a 503 of health is no problem document
  let reply = await anyone.call('GET', '//health');
  for (let i = 0; i < 200 && reply.status !== 503; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    reply = await anyone.call('GET', '//health');
  }
  assert.equal(reply.status, 503);
  assert.deepEqual(reply.json, { status: 'unavailable' });
  assert.ok(Number(reply.headers['retry-after']) > 0);
  const told = await anyone.call('GET', '//health', { headers: watcher });
  assert.equal(told.status, 503);
  assert.equal(told.json.parts.keeper, 'unavailable');
  assert.equal(told.json.parts.store, 'ok');
  assert.equal((await anyone.call('GET', '//health/live')).status, 200, 'it lives');
  anyone.close();
  other.anyone.close();
  await other.serve.stop();
  await other.exchange.stop();
});
