// The manners of HTTP: entity tags, keys, pages, methods, sizes, types, rates, events.
import assert from 'node:assert/strict';
import { get as httpGet } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { account, City, copyHome } from '../support/city.ts';
import { content } from '../support/store.ts';

let city: City;
let own: string; // the path of a resource of hrss
before(async () => {
  city = await City.open('http');
  own = `/resources/${(await city.as('hrss-clerk').all('/resources'))[0].id}`;
});
after(() => city?.close());

const newResource = (code: string) => ({ code, title: `资源 ${code}` });

test('an object has a strong ETag, and 304 is the answer to who has it', async () => {
  const clerk = city.as('hrss-clerk');
  const first = await clerk.get(own);
  const tag = String(first.headers.etag);
  assert.match(tag, /^"[0-9a-f]{64}"$/);
  for (const sent of [tag, `"other", ${tag}`, `W/${tag}`, '*']) {
    const again = await clerk.get(own, { 'If-None-Match': sent });
    if (sent.startsWith('W/') && again.status === 200) continue; // weak comparison is not required to match here
    assert.equal(again.status, 304, sent);
    assert.equal(again.bytes.length, 0);
    assert.equal(again.headers.etag, tag);
  }
  assert.equal((await clerk.get(own, { 'If-None-Match': '"other"' })).status, 200);
});

test('a change with If-Match is made once: the second gets 412 and changes nothing', async () => {
  const clerk = city.as('land-clerk');
  const made = await clerk.does('POST', '/resources', newResource('ETAG-1'));
  const path = `/resources/${made.id}`;
  const tag = String((await clerk.get(path)).headers.etag);
  const put = (title: string) => clerk.call('PUT', path, { json: { code: 'ETAG-1', title }, headers: { 'If-Match': tag } });
  assert.equal((await put('第一次')).status, 200);
  const second = await put('第二次');
  assert.equal(second.status, 412, second.text);
  assert.equal((await clerk.get(path)).json.title, '第一次');
});

test('of eight writers with the same tag one wins', async () => {
  const clerk = city.as('land-clerk');
  const made = await clerk.does('POST', '/resources', newResource('ETAG-2'));
  const path = `/resources/${made.id}`;
  const tag = String((await clerk.get(path)).headers.etag);
  const replies = await Promise.all(
    Array.from({ length: 8 }, (_, i) => clerk.call('PUT', path, { json: { code: 'ETAG-2', title: `第 ${i}` }, headers: { 'If-Match': tag } })),
  );
  assert.deepEqual(replies.map((reply) => reply.status).sort(), [200, ...Array(7).fill(412)]);
});

test('a request sent again with its key is done once and answered alike', async () => {
  const clerk = city.as('land-clerk');
  const key = { 'Idempotency-Key': 'key-of-this-test-0001' };
  const before = (await clerk.all('/resources')).length;
  const [one, two] = [await clerk.post('/resources', newResource('KEY-1'), key), await clerk.post('/resources', newResource('KEY-1'), key)];
  assert.equal(one.status, 201, one.text);
  assert.equal(two.status, one.status);
  assert.deepEqual(two.json, one.json);
  assert.equal((await clerk.all('/resources')).length, before + 1);
  const other = await clerk.post('/resources', newResource('KEY-2'), key);
  assert.equal(other.status, 422, 'the key with another body');
  assert.equal(other.json.field, 'Idempotency-Key');
  assert.equal((await city.as('police-clerk').post('/resources', newResource('KEY-3'), key)).status, 201, "another account's key");
});

test('sixteen at once with one key make one object', async () => {
  const clerk = city.as('land-clerk');
  const key = { 'Idempotency-Key': 'key-of-this-test-0002' };
  const replies = await Promise.all(Array.from({ length: 16 }, () => clerk.post('/resources', newResource('KEY-4'), key)));
  for (const reply of replies) assert.ok(reply.status === 201 || reply.status === 409, reply.text);
  const made = replies.filter((reply) => reply.status === 201);
  assert.ok(made.length > 0);
  assert.equal(new Set(made.map((reply) => reply.json.id)).size, 1);
  assert.equal((await clerk.all('/resources')).filter((one) => one.code === 'KEY-4').length, 1);
});

test('a key that is too short or too long is refused by its name', async () => {
  for (const key of ['short', 'x'.repeat(256)]) {
    const reply = await city.as('land-clerk').post('/resources', newResource('KEY-5'), { 'Idempotency-Key': key });
    assert.ok([400, 422].includes(reply.status), reply.text);
    assert.equal(reply.json.field, 'Idempotency-Key');
  }
});

test('walking the pages of every list loses nothing and shows nothing twice, whatever their size', async () => {
  const clerk = city.as('bureau-clerk');
  let long = 0;
  for (const path of ['/parties', '/resources', '/accounts', '/entries', '/notices', '/catalogue', '/orders', '/ledger']) {
    const whole = (await clerk.all(path, 100)).map((item) => item.id);
    assert.equal(new Set(whole).size, whole.length, path);
    if (whole.length > 3) long++;
    for (const limit of [1, 3, 7]) assert.deepEqual((await clerk.all(path, limit)).map((item) => item.id), whole, `${path} by ${limit}`);
  }
  assert.ok(long >= 3, 'too few lists have several pages');
});

test('rows that come in while one walks move none of those that were there', async () => {
  const clerk = city.as('police-clerk');
  for (let i = 0; i < 6; i++) await clerk.does('POST', '/resources', newResource(`WALK-${i}`));
  const before = (await clerk.all('/resources')).map((item) => item.id);
  const seen: number[] = [];
  let cursor: string | null = null;
  do {
    const page: any = await clerk.does('GET', `/resources?limit=2${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    seen.push(...page.items.map((item: any) => item.id));
    cursor = page.next;
    if (seen.length < 8) await clerk.does('POST', '/resources', newResource(`LATE-${seen.length}`));
  } while (cursor !== null);
  assert.equal(new Set(seen).size, seen.length);
  assert.deepEqual(seen.filter((id) => before.includes(id)).toSorted(), before.toSorted());
});

test('a cursor belongs to its list', async () => {
  const clerk = city.as('bureau-clerk');
  const page = await clerk.does('GET', '/parties?limit=1');
  assert.equal((await clerk.get(`/resources?cursor=${encodeURIComponent(page.next)}`)).status, 422);
});

test('HEAD is GET without its body', async () => {
  const clerk = city.as('hrss-clerk');
  const [get, head] = [await clerk.get(own), await clerk.call('HEAD', own)];
  assert.equal(head.status, 200);
  assert.equal(head.headers.etag, get.headers.etag);
  assert.equal(head.headers['content-type'], get.headers['content-type']);
  assert.equal(head.headers['content-length'], get.headers['content-length']);
  assert.equal((await city.anyone.call('HEAD', own)).status, 401);
});

test('OPTIONS and a method that a path has not tell those it has', async () => {
  for (const route of city.api.routes) {
    const path = route.path.replace(/\{[^}]+\}/g, '1');
    const have = city.api.routes.filter((one) => one.path === route.path).map((one) => one.method);
    const options = await city.anyone.call('OPTIONS', path);
    assert.equal(options.status, 204, path);
    const allowed = String(options.headers.allow).split(/, */);
    for (const method of have) assert.ok(allowed.includes(method), `${path}: ${allowed}`);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => !allowed.includes(one))) {
      const reply = await city.as('bureau-clerk').call(method, path);
      assert.equal(reply.status, 405, `${method} ${path}`);
      assert.equal(reply.headers.allow, options.headers.allow);
    }
  }
});

test('a path that is none is 404, for those who are known and those who are not', async () => {
  for (const path of ['/nothing', '/resources/', '/resources//1', '/resources/1/nothing', '//api', '/resources/%2e%2e/session', '/Resources'])
    for (const client of [city.anyone, city.as('bureau-clerk')]) {
      const reply = await client.get(path);
      if (path === '//api') assert.equal(reply.status, 200);
      else assert.equal(reply.status, 404, path);
    }
});

test('a body over the limit is refused with 413 and changes nothing', async () => {
  const before = content(city.home);
  const raw = JSON.stringify({ ...newResource('BIG'), abstract: 'x'.repeat(1024 * 1024) });
  const reply = await city.as('land-clerk').call('POST', '/resources', { raw });
  assert.equal(reply.status, 413, reply.text);
  assert.deepEqual(content(city.home), before);
});

test('an upload that says it is too large is refused before it is sent', async () => {
  const { hostname, port } = new URL(city.url);
  const head = `POST /api/documents?title=t&kind=other HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nAuthorization: Bearer ${account('land-clerk').token}\r\nContent-Length: 99999999999\r\n\r\n`;
  assert.match(await speak(hostname, Number(port), head), /^HTTP\/1\.1 413 /);
});

test('what does not come as JSON in UTF-8 is refused with 415', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=gbk', '', 'application/xml', 'application/jsonx']) {
    const reply = await city.as('land-clerk').call('POST', '/resources', { raw: JSON.stringify(newResource('TYPE')), type });
    assert.equal(reply.status, 415, `${type}: ${reply.text}`);
  }
});

test('requests that are not HTTP, or try to smuggle another, end at once', async () => {
  const { hostname, port } = new URL(city.url);
  for (const text of [
    'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n',
    'POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{"a":1',
    'POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 'POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n',
  ]) {
    const answer = await speak(hostname, Number(port), text);
    assert.doesNotMatch(answer, /^HTTP\/1\.1 [25]00/, text.slice(0, 60));
  }
  assert.equal((await city.anyone.call('GET', '//health')).status, 200);
});

// Sends bytes and returns what comes back until it is quiet or closed.
function speak(host: string, port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, host, () => socket.write(text, 'latin1'));
    socket.setTimeout(1500, () => socket.destroy());
    socket.on('data', (part) => {
      answer += part.toString('latin1');
      if (answer.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

test('every reply forbids sniffing, and every page framing', async () => {
  for (const path of ['//', '//api', '/catalogue', '/openapi.json', '/nothing']) {
    const reply = await city.anyone.get(path);
    assert.equal(reply.headers['x-content-type-options'], 'nosniff', path);
    if (String(reply.headers['content-type']).startsWith('text/html'))
      assert.match(String(reply.headers['content-security-policy']), /frame-ancestors 'none'/, path);
  }
});

test('the reason is told in the language that was asked for, Chinese first', async () => {
  const chinese = await city.anyone.get('/session');
  const english = await city.anyone.get('/session', { 'Accept-Language': 'en' });
  assert.ok(chinese.json.detail.startsWith(chinese.json.zh.reason));
  assert.ok(english.json.detail.startsWith(english.json.en.reason));
});

test('a query tells its progress and its end as server-sent events', async () => {
  const developer = city.as('developer-clerk');
  const room = (await developer.all('/rooms'))[0].id;
  const sql = 'SELECT insurance.insurance, COUNT(*) AS n FROM insurance GROUP BY insurance.insurance';
  const query = await developer.does('POST', `/rooms/${room}/queries`, { sql });
  const text = await events(`/api/queries/${query.id}/events`);
  assert.match(text, /^event: [a-z]+$/m);
  const data = [...text.matchAll(/^data: (.*)$/gm)].map((found) => JSON.parse(found[1]!));
  assert.equal(data.at(-1).state, 'done', text);
  assert.equal((await city.anyone.get(`/queries/${query.id}/events`)).status, 401);
  assert.equal((await city.as('candidate-clerk').get(`/queries/${query.id}/events`)).status, 404);
});

function events(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${account('developer-clerk').token}` };
    const out = httpGet(`${city.url}${path}`, { headers, agent: false }, (response) => {
      let text = '';
      assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/);
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
    });
    out.setTimeout(30_000, () => out.destroy(new Error('the events do not end')));
    out.on('error', reject);
  });
}

test('who asks too often without a name gets 429 and is told when to come again', async () => {
  const strict = await City.serveHome(await copyHome('rates'), { DUKOU_PUBLIC_PER_MINUTE: '20' });
  const replies = [];
  for (let i = 0; i < 40; i++) replies.push(await strict.anyone.get('/catalogue'));
  const refused = replies.filter((reply) => reply.status === 429);
  assert.ok(refused.length >= 15 && refused.length <= 25, `${refused.length} of 40 refused`);
  for (const reply of refused) assert.ok(Number(reply.headers['retry-after']) >= 1, JSON.stringify(reply.headers));
  assert.equal((await strict.as('bureau-clerk').get('/catalogue')).status, 200, 'those with a name have a rate of their own');
  await strict.close();
});
