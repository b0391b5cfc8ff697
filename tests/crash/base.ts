// The city that every run of the campaign begins with: the demo city, with things to do in it.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { account, City, root } from '../support/city.ts';
import type { Client } from '../support/client.ts';
import { citizenNumber } from '../support/identifiers.ts';
import { run } from '../support/process.ts';

export const RESOURCE = 'CRASH-1';
const ROWS = 120;
const SLICES = 4;
const ROOMS = 2;

export type Base = {
  home: string;
  source: string; // the agent's folder
  room: number;
  rooms: number[]; // to be closed; each holds an import
  product: number;
  order: number;
  subject: string;
  deliveries: { order: number; table: string; sealed: Buffer }[]; // as the agent sealed them
};

async function makeResource(city: City, source: string): Promise<number> {
  const rows = Array.from({ length: ROWS }, (_, i) => `${citizenNumber(`4210871970010${10 + (i % 20)}${String(i).padStart(3, '0')}`.slice(0, 17))},${i % 3 ? '甲' : '乙'},${i}`);
  await mkdir(source, { recursive: true });
  await writeFile(join(source, 'rows.csv'), `citizen_number,kind,amount\n${[...new Set(rows)].join('\n')}\n`);
  await writeSource(source, city.url, city.home);
  const described = await run(['source', '--config', join(source, 'source.json'), 'describe', RESOURCE]);
  assert.equal(described.code, 0, described.out + described.err);
  const clerk = city.as('land-clerk');
  const item = (name: string, type: string, use: string, level: number) => ({ name, title: name, type, nullable: true, use, level, ...(level > 1 ? { sensitive: 'citizen_number' } : {}) });
  const resource = await clerk.does('POST', '/resources', {
    code: RESOURCE, title: '中断测试', abstract: '测试', category: '测试/测试/测试', industry: '测试', region: '全市', format: 'CSV', share_type: 'conditional',
    openness: '有条件开放', share_mode: '调用', update_cycle_days: 365, personal: true, origin: 'original', subject_item: 'citizen_number', subject_kind: 'resident', updated_day: '2026-11-01',
    items: [item('citizen_number', 'text', 'key', 4), item('kind', 'text', 'dimension', 1), item('amount', 'integer', 'measure', 1)],
  });
  await clerk.does('POST', `/resources/${resource.id}/register`, {});
  await city.as('land-approver').does('POST', `/resources/${resource.id}/grade`, { grade: 'general', level: 3 });
  const entry = await city.as('bureau-clerk').does('POST', '/entries', { resource_id: resource.id });
  await clerk.does('POST', `/entries/${entry.id}/concur`, {});
  await city.as('bureau-approver').does('POST', `/entries/${entry.id}/list`, {});
  const authorisation = await clerk.does('POST', '/authorisations', { entry_id: entry.id, from_day: await today(city) });
  await city.as('land-approver').does('POST', `/authorisations/${authorisation.id}/approve`, {});
  return entry.id;
}

// The demo city's clock runs ahead of this machine's.
export async function today(city: City): Promise<string> {
  const offset = Number((await readFile(join(city.home, 'clock'))).readBigInt64LE(0) / 1000n);
  return new Date(Date.now() + offset + 8 * 3600_000).toISOString().slice(0, 10);
}

async function orderSlices(city: City, room: number, entry: number): Promise<void> {
  for (let i = 0; i < SLICES; i++) {
    const asked = await city.as('developer-clerk').does('POST', '/requests', { room_id: room, entry_id: entry, table_name: `crash${i}`, purpose: '试验', columns: ['kind', 'amount'] });
    await city.as('operator-reviewer').does('POST', `/requests/${asked.id}/approve`, {});
  }
}

export async function writeSource(folder: string, platform: string, home: string): Promise<void> {
  const keys = JSON.parse(await readFile(join(root, 'order_key.json'), 'utf8'));
  await writeFile(join(folder, 'token'), account('land-source').token, { mode: 0o600 });
  const config = { platform, token_file: 'token', state: 'state', order_key: keys.order_ed25519, clock: join(home, 'clock'), resources: [{ code: RESOURCE, kind: 'csv', path: 'rows.csv' }] };
  await writeFile(join(folder, 'source.json'), JSON.stringify(config));
}

// Stands between agent and platform, keeps what is delivered and says that it is busy: the orders stay open.
async function capture(city: City, source: string): Promise<Base['deliveries']> {
  const found: Base['deliveries'] = [];
  const url = new URL(city.url);
  const tables = new Map<number, string>();
  const proxy = createServer((incoming, reply) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const slice = /\/source\/orders\/(\d+)\/slice/.exec(incoming.url!);
      if (slice) {
        found.push({ order: Number(slice[1]), table: tables.get(Number(slice[1])) ?? '', sealed: Buffer.concat(parts) });
        reply.writeHead(503, { 'Content-Type': 'application/problem+json', 'Retry-After': '1' }).end('{}');
        return;
      }
      const out = send({ host: url.hostname, port: url.port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
        reply.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(reply);
      });
      out.end(Buffer.concat(parts));
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  await writeSource(source, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, city.home);
  await run(['source', '--config', join(source, 'source.json'), 'once']);
  proxy.close();
  proxy.closeAllConnections();
  await rm(join(source, 'state'), { recursive: true, force: true });
  assert.equal(found.length, SLICES);
  return found;
}

export async function addImport(developer: Client, room: number, table: string): Promise<number> {
  const proof = await developer.upload('证明', 'proof', '合法来源');
  const columns = [{ name: 'district', type: 'text', use: 'key' }, { name: 'zone', type: 'text', use: 'dimension' }];
  const made = await developer.does('POST', `/rooms/${room}/imports`, { title: table, table_name: table, proof_id: proof.id, columns });
  const loaded = await developer.put(`/imports/${made.id}/content`, `district,zone\n${'江岸区,中心\n'.repeat(20)}`);
  assert.equal(loaded.status, 200, loaded.text);
  return made.id;
}

export async function makeBase(): Promise<Base> {
  const city = await City.open('crash-base');
  const source = join(city.home, '..', 'source');
  const developer = city.as('developer-clerk');
  const customer = city.as('customer-clerk');
  const room = (await developer.all('/rooms'))[0];
  const rooms: number[] = [];
  for (let i = 0; i < ROOMS; i++) {
    const made = await city.as('operator-clerk').does('POST', '/rooms', { admission_id: room.admission_id, title: `待关闭${i}`, quota_seconds: 600 });
    await addImport(developer, made.id, 'own');
    rooms.push(made.id);
  }
  const product = (await city.anyone.all('/products')).find((one) => one.kind === 'verification').id;
  const subject = citizenNumber('42108719700101001');
  const proof = await customer.upload('同意', 'proof', '主体授权书');
  await customer.does('POST', '/consents', { product_id: product, subject, until_day: new Date(Date.parse(await today(city)) + 60 * 86400_000).toISOString().slice(0, 10), document_id: proof.id });
  const order = (await customer.all('/orders')).find((one) => one.product_id === product).id;
  await orderSlices(city, room.id, await makeResource(city, source));
  const deliveries = await capture(city, source);
  const home = city.home;
  for (const client of [city.anyone, developer, customer]) client.close();
  assert.equal(await city.serve.stop(), 0, city.serve.output);
  await city.exchange.stop();
  return { home, source, room: room.id, rooms, product, order, subject, deliveries };
}
