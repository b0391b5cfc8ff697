// Callers that hold what others need: connections, memory, time. The server keeps to its limits and serves the rest.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { stopped } from '../support/attack.ts';
import { account, City } from '../support/city.ts';
import { eventually } from '../support/eventually.ts';
import { place, speak } from '../support/wire.ts';

const CONNECTIONS_PER_ADDRESS = 256; // src/base/limits.h
const REPLIES_BYTES = 256 * 1024 * 1024;
const DOCUMENT_BYTES = 32 * 1024 * 1024;
const UPLOADS_AT_ONCE = 16;
const HEALTH = 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

let city: City;
before(async () => (city = await City.open('load')));
after(() => city?.close());

const open: Socket[] = [];
after(() => open.forEach((socket) => socket.destroy()));

// Opens a connection that says this and then nothing more, and reads no more than it must to see `first`.
function hold(text: string, from?: string): Promise<{ socket: Socket; first: string }> {
  return new Promise((resolve) => {
    const socket = connect({ ...place(city.url), localAddress: from });
    open.push(socket);
    const done = (first: string) => {
      socket.removeAllListeners('data');
      socket.pause();
      resolve({ socket, first });
    };
    socket.on('connect', () => socket.write(text));
    socket.once('data', (part: Buffer) => done(part.toString('latin1').slice(0, 600)));
    socket.on('error', () => {});
    socket.on('close', () => done(''));
  });
}

async function served(from?: string): Promise<number> {
  return (await speak(city.url, HEALTH, undefined, from)).answers[0]?.status ?? 0;
}

function release(): Promise<void> {
  const closing = open.splice(0).map((socket) => new Promise<void>((resolve) => (socket.destroyed ? resolve() : (socket.once('close', () => resolve()), socket.destroy()))));
  return Promise.all(closing).then(() => {});
}

test('one address takes its share of connections and no more; another address is served', async () => {
  const lines = await Promise.all(Array.from({ length: CONNECTIONS_PER_ADDRESS + 60 }, () => hold('GET /health HTTP/1.1\r\nHost: x\r\n\r\n', '127.0.0.2')));
  const answered = lines.filter(({ first }) => first.startsWith('HTTP/1.1 200'));
  assert.equal(answered.length, CONNECTIONS_PER_ADDRESS);
  assert.equal(await served('127.0.0.2'), 0);
  assert.equal(await served('127.0.0.1'), 200);
  await release();
  await eventually('the places are free again', async () => (await served('127.0.0.2')) === 200);
  stopped({ chapter: 'http', name: 'connections of one address', tried: 'One address opens 316 connections and keeps them.', stopped: 'limits.h: LIMIT_CONNECTIONS_PER_ADDRESS', seen: '256 are served, the others closed; another address is served meanwhile' });
});

test('slow readers of large replies hold so much memory and no more', async () => {
  const clerk = city.as('developer-clerk');
  const document = await clerk.upload('大文件', 'material', Buffer.alloc(DOCUMENT_BYTES));
  const get = `GET /api/documents/${document.id}/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${account('developer-clerk').token}\r\n\r\n`;
  const many = REPLIES_BYTES / DOCUMENT_BYTES + 4;
  const lines = await Promise.all(Array.from({ length: many }, () => hold(get)));
  const statuses = lines.map(({ first }) => /^HTTP\/1\.1 (\d+)/.exec(first)?.[1]);
  assert.equal(statuses.filter((status) => status === '200').length, REPLIES_BYTES / DOCUMENT_BYTES, String(statuses));
  assert.equal(statuses.filter((status) => status === '503').length, 4, String(statuses));
  assert.match(lines.find(({ first }) => first.startsWith('HTTP/1.1 503'))!.first, /Retry-After: \d/i);
  assert.equal(await served(), 200);
  await release();
  await eventually('the memory is free again', async () => (await clerk.get(`/documents/${document.id}/content`)).status === 200);
  stopped({ chapter: 'http', name: 'slow readers', tried: '12 connections ask for a document of 32 MiB and do not read it.', stopped: 'limits.h: LIMIT_REPLIES_BYTES', seen: '8 are answered, 4 get 503 with Retry-After; small requests are served' });
});

test('half-sent uploads hold their places and no more, and give them back', async () => {
  const head = `POST /api/documents?title=t&kind=other HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${account('developer-clerk').token}\r\nContent-Type: application/octet-stream\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n`;
  const lines = await Promise.all(Array.from({ length: UPLOADS_AT_ONCE + 3 }, () => hold(head)));
  const statuses = lines.map(({ first }) => /^HTTP\/1\.1 (\d+)/.exec(first)?.[1]);
  assert.equal(statuses.filter((status) => status === '100').length, UPLOADS_AT_ONCE, String(statuses));
  assert.equal(statuses.filter((status) => status === '503').length, 3, String(statuses));
  assert.equal(await served(), 200);
  await release();
  await eventually('the places are free again', async () => (await city.as('developer-clerk').call('POST', '/documents?title=t&kind=other', { raw: 'x', type: 'application/octet-stream' })).status === 201);
  stopped({ chapter: 'http', name: 'half-sent uploads', tried: '19 uploads are begun and not gone on with.', stopped: 'limits.h: LIMIT_UPLOADS_AT_ONCE', seen: '16 may send, 3 get 503; the places come back' });
});

test('a flood of log-ins leaves room for everybody else', async () => {
  const guess = (i: number) => {
    const body = JSON.stringify({ login: `flood-${i}`, password: 'not the password' });
    return speak(city.url, `POST /api/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  };
  const guesses = Array.from({ length: 100 }, (_, i) => guess(i));
  const change = await city.as('land-clerk').post('/resources', { code: 'MEANWHILE', title: '其间' });
  assert.equal(change.status, 201);
  const statuses = (await Promise.all(guesses)).map((heard) => heard.answers[0]?.status);
  assert.ok(statuses.every((status) => status === 401 || status === 503), String([...new Set(statuses)]));
  assert.ok(statuses.includes(401) && statuses.includes(503), String([...new Set(statuses)]));
  stopped({ chapter: 'http', name: 'a flood of log-ins', tried: '100 log-ins at once, each worth 64 MiB and much time of a processor.', stopped: 'limits.h: LIMIT_LOGIN_AT_ONCE, LIMIT_LOGIN_WAITING', seen: 'some are answered, the others get 503; a change by somebody else is done meanwhile' });
});

test('a body that stops half-way does nothing', async () => {
  const before = (await city.as('land-clerk').all('/resources')).length;
  const body = '{"code":"HALF","title":"x"}';
  const head = `POST /api/resources HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${account('land-clerk').token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length + 1}\r\n\r\n`;
  for (let i = 0; i < 20; i++) {
    const socket = connect(place(city.url));
    await new Promise((resolve) => socket.on('connect', () => socket.write(head + body, resolve)));
    if (i % 2 === 0) socket.end();
    else socket.resetAndDestroy();
    socket.on('error', () => {});
  }
  assert.equal(await served(), 200);
  assert.equal((await city.as('land-clerk').all('/resources')).length, before);
  stopped({ chapter: 'http', name: 'bodies cut short', tried: '20 changes are sent but for the last byte, and the connection is closed or reset.', stopped: 'http: call.c', seen: 'nothing is changed' });
});

const long = process.env.DUKOU_TEST_LONG === undefined ? 'it waits for half a minute' : false;

test('a head that comes a byte at a time loses its connection in the end', { skip: long }, async () => {
  const began = Date.now();
  const { port, host } = place(city.url);
  await new Promise<void>((resolve) => {
    const socket = connect(port, host);
    const drip = setInterval(() => socket.write('A'), 500);
    socket.on('connect', () => socket.write('GET /health HTTP/1.1\r\nHost: x\r\nX: '));
    socket.on('error', () => {});
    socket.on('close', () => (clearInterval(drip), resolve()));
  });
  assert.ok(Date.now() - began > 25_000);
});
