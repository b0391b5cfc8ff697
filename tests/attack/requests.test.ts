// Requests that are sound HTTP and mean harm: paths, methods, fields, bodies, numbers, names.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { stopped } from '../support/attack.ts';
import { account, City } from '../support/city.ts';
import { creditCode } from '../support/identifiers.ts';
import { content } from '../support/store.ts';
import { speak } from '../support/wire.ts';

let city: City;
let own: number; // a resource of the land bureau
before(async () => {
  city = await City.open('requests');
  own = (await city.as('land-clerk').does('POST', '/resources', { code: 'OWN-1', title: '自有' })).id;
});
after(() => city?.close());

function bearer(login: string): string {
  return `Authorization: Bearer ${account(login).token}\r\n`;
}

async function one(target: string, method = 'GET', more = ''): Promise<{ status: number; body: string; head: string }> {
  const heard = await speak(city.url, `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${bearer('land-clerk')}${more}\r\n`);
  assert.ok(heard.answers.length <= 1, heard.text);
  return heard.answers[0] ?? { status: 0, body: '', head: '' };
}

test('an object has one path: every other way to write it is nowhere', async () => {
  assert.equal((await one(`/api/resources/${own}`)).status, 200);
  const ways = [
    `/api/resources/${own}/`, `/api//resources/${own}`, `//api/resources/${own}`, `/api/./resources/${own}`, `/api/x/../resources/${own}`, `/api/resources/../resources/${own}`,
    `/api/resources/%2e/${own}`, `/api/%2e%2e/api/resources/${own}`, `/api/resources%2f${own}`, `/api/resources%2F${own}`, `/api/resources%5c${own}`, `/api\\resources\\${own}`,
    `/api/%252e%252e/resources/${own}`, `/api/resources/%25${own}`, `/api/resources/${own}%00`, `/api/resources/${own}%00.json`, `/api/resources/%c0%ae%c0%ae/${own}`, `/api/resources/%c0%af${own}`,
    `/api/resources/%e0%80%af${own}`, `/api/resources/%ff${own}`, `/API/resources/${own}`, `/api/Resources/${own}`, `/Api/resources/${own}`, `/api/resources/0${own}`, `/api/resources/+${own}`, `/api/resources/${own}.0`,
    `/api/resources/${own};v=1`, `/api/resources;v=1/${own}`, `/api/resources/${own}%20`, `/api/resources/%20${own}`, `/api/resources/${own}%0d%0aX:1`, `/api/resources/${own}%3f`, `/api/resources/${own}%23`, `/api/resources/${own}#x`,
    `/api/resources/１`, `/api/resources/-1`, `/api/resources/18446744073709551617`, `/api/resources/${'1'.repeat(10_000)}`, `/${'a/'.repeat(5000)}`, `/api/${'../'.repeat(200)}etc/passwd`, '/api/../../../../etc/passwd',
    '/api/%2e%2e/%2e%2e/etc/passwd', '/etc/passwd', 'api/resources', '*', 'http://127.0.0.1/api/resources', '//evil.example/api', '/api/resources/%', '/api/resources/%1', '/api/resources/%u0031', '/.git/config', '/api/.env', '/dukou.db', '/keys',
  ].map((way) => Buffer.from(way, 'utf8').toString('latin1'));
  for (const way of ways) {
    const reply = await one(way);
    assert.ok([0, 400, 404].includes(reply.status), `${way.slice(0, 100)}: ${reply.status} ${reply.body.slice(0, 200)}`);
    assert.doesNotMatch(reply.body, /root:|OWN-1|\/tmp|\.c:\d/, way.slice(0, 100));
  }
  stopped({ chapter: 'http', name: 'path tricks', tried: `${ways.length} ways to write the path of an object or of a file: dot segments, encoded and doubly encoded slashes, NUL, over-long UTF-8, case, length.`, stopped: 'http: router.c', seen: '404 or 400, and nothing of a file' });
});

test('a method is what the request line says, in capitals', async () => {
  for (const [method, statuses] of [
    ['get', [405]], ['Get', [405]], ['TRACE', [405]], ['TRACK', [405]], ['CONNECT', [405]], ['PROPFIND', [405]], ['DEBUG', [405]], ['G'.repeat(5000), [405]], ['GET\x7f', [400]], ['POST,GET', [400]],
  ] as [string, number[]][]) {
    const reply = await one(`/api/resources/${own}`, method, 'Cookie: a=secret-of-a-cookie\r\nContent-Length: 0\r\n');
    assert.ok(statuses.includes(reply.status), `${method.slice(0, 20)}: ${reply.status}`);
    assert.doesNotMatch(reply.body, /secret-of-a-cookie/);
  }
  const before = content(city.home);
  for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method'])
    for (const method of ['DELETE', 'PUT']) {
      assert.equal((await one(`/api/resources/${own}`, 'GET', `${name}: ${method}\r\n`)).status, 200, name);
      assert.equal((await one(`/api/resources/${own}?_method=${method}`)).status, 422);
    }
  assert.deepEqual(content(city.home), before);
  stopped({ chapter: 'http', name: 'method tricks', tried: 'TRACE, CONNECT, lower case, unknown and very long methods, and fields that would override the method.', stopped: 'http: router.c', seen: '405 or 400; an override is not read' });
});

test('fields that name another path, host or caller change nothing', async () => {
  const heard = async (more: string) => (await speak(city.url, `GET /api/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n`)).answers[0]!;
  for (const more of [
    'X-Original-URL: /health', 'X-Rewrite-URL: /health', 'X-Forwarded-Host: evil.example', 'X-Forwarded-For: 127.0.0.1', 'X-Real-IP: 127.0.0.1', 'Forwarded: for=127.0.0.1;host=evil.example', 'X-Forwarded-Proto: https',
    'X-Remote-User: bureau-clerk', 'X-User: 1', 'X-Account: 1', 'X-Role: bureau', 'Remote-User: system-admin', 'X-Client-Cert: x', 'Referer: http://evil.example', 'Origin: http://evil.example', 'Via: 1.1 x', 'TE: trailers', 'Max-Forwards: 0',
  ]) {
    const reply = await heard(`${more}\r\n`);
    assert.equal(reply.status, 401, `${more}: ${reply.body}`);
    assert.doesNotMatch(reply.head + reply.body, /evil\.example/, more);
    assert.doesNotMatch(reply.head, /access-control/i, more);
  }
  for (const host of ['evil.example', '127.0.0.1:1', '[::1]', 'localhost.evil.example']) {
    const reply = (await speak(city.url, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).answers[0]!;
    assert.equal(reply.status, 200);
    assert.ok(!(reply.head + reply.body).includes(host), host);
  }
  stopped({ chapter: 'http', name: 'fields that name another caller', tried: '18 fields that proxies and frameworks obey (X-Forwarded-…, X-Original-URL, Remote-User …) and foreign Host values.', stopped: 'http: gate.c', seen: '401 as without them; no Host is ever printed' });
});

test('a query of hundreds and thousands of parameters is answered', async () => {
  for (const parameter of ['q=x&', 'x&', '&', 'a=%20&', '?'])
    for (const count of [300, 1000, Math.floor(20_000 / parameter.length)]) {
      const query = parameter.repeat(count);
      for (const [target, statuses] of [[`/api/catalogue?${query}`, [400, 422]], [`/api/documents?${query}`, [400, 422]], [`/nowhere?${query}`, [404]]] as const) {
        const started = Date.now();
        const reply = await one(target);
        // What says nothing twice is no fault.
        const expected = parameter === '&' && target.startsWith('/api') ? [200, ...statuses] : statuses;
        assert.ok((expected as readonly number[]).includes(reply.status), `${count} times ${parameter} at ${target.slice(0, 20)}: ${reply.status} after ${Date.now() - started} ms`);
        if (reply.status >= 400 && reply.status !== 404) assert.match(reply.body, /"title"|"zh"|"detail"/);
      }
    }
  assert.equal((await one('/api/catalogue?limit=1')).status, 200);
  stopped({ chapter: 'http', name: 'query floods', tried: '300 to 20,000 parameters in one query, at three paths.', stopped: 'http: call.c, input.c', seen: '400 or 422 that names the parameter, at once; the next request is served' });
});

test('a flood of fields, one huge field, a huge query: refused, and the server goes on', async () => {
  for (const more of [`A: ${'x'.repeat(40_000)}\r\n`, 'A: b\r\n'.repeat(5000), `${'A'.repeat(40_000)}: b\r\n`, `Cookie: ${'a=b; '.repeat(8000)}\r\n`]) {
    const reply = await one('/api/catalogue', 'GET', more);
    assert.ok([0, 400, 413, 431].includes(reply.status), String(reply.status));
  }
  for (const query of [`q=${'x'.repeat(40_000)}`, 'q=x&'.repeat(100), `${'x'.repeat(20_000)}=1`, `q=${'%'.repeat(20_000)}`]) {
    const reply = await one(`/api/catalogue?${query}`);
    assert.ok([0, 400, 414, 422, 431].includes(reply.status), String(reply.status));
  }
  assert.equal((await one('/health')).status, 200);
  stopped({ chapter: 'http', name: 'header floods', tried: '40 kB in one field, in a name, in 5000 fields, in cookies and in the query string, and a parameter 100 times.', stopped: 'limits.h: LIMIT_HEADER_BYTES', seen: '431, 414, 422 or 400; the next request is served' });
});

test('ranges, codings, forms and archives are not taken for more than they are', async () => {
  const whole = await city.as('land-clerk').get(`/resources/${own}`);
  for (const range of ['bytes=0-0', 'bytes=-1', 'bytes=0-,0-,0-,0-', `bytes=${'0-1,'.repeat(2000)}0-1`, 'bytes=9999999999-']) {
    const reply = await city.as('land-clerk').get(`/resources/${own}`, { Range: range });
    assert.equal(reply.status, 200);
    assert.equal(reply.text, whole.text);
  }
  const before = content(city.home);
  const body = JSON.stringify({ code: 'CODED', title: 'x' });
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
  for (const coding of ['gzip', 'x-gzip', 'deflate', 'br', 'identity, gzip', 'chunked', 'zstd'])
    for (const raw of [gzipSync(body), bomb]) {
      const reply = await city.as('land-clerk').call('POST', '/resources', { raw, headers: { 'Content-Encoding': coding } });
      assert.equal(reply.status, 415, `${coding}: ${reply.text}`);
      const upload = await city.as('land-clerk').call('POST', '/documents?title=t&kind=other', { raw, type: 'application/octet-stream', headers: { 'Content-Encoding': coding } });
      assert.equal(upload.status, 415, `${coding}: ${upload.text}`);
    }
  const types = ['multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'text/plain', 'text/json', 'application/json; charset=utf-16', 'application/json; charset=utf-7', 'application/json, text/plain', 'application/merge-patch+json', 'application/jsonp', '*/*'];
  for (const type of types) assert.equal((await city.as('land-clerk').call('POST', '/resources', { raw: body, type })).status, 415, type);
  assert.deepEqual(content(city.home), before);
  stopped({ chapter: 'http', name: 'ranges, codings, forms', tried: 'Ranges by the thousand, compressed bodies (a bomb of 64 MB among them) under 7 codings, forms and 8 other types of content.', stopped: 'http: input.c', seen: 'ranges are not read; 415; nothing is unpacked' });
});

test('conditions that would match anything match nothing but what they name', async () => {
  const path = `/resources/${own}`;
  const tag = String((await city.as('land-clerk').get(path)).headers.etag);
  const put = (match: string) => city.as('land-clerk').call('PUT', path, { json: { code: 'OWN-1', title: '改' }, headers: { 'If-Match': match } });
  const before = content(city.home);
  for (const match of ['"a,*"', '"*"', '"a", "*"', `W/${tag}`, tag.slice(1, -1), tag.toUpperCase().replace(/"/g, "'"), `"${'0'.repeat(64)}"`, '', '**', '"', ',', `"x${tag.slice(1)}`, `${tag}x`, 'W/"*"', '*, "a"', '"a"*'])
    assert.equal((await put(match)).status, 412, match);
  assert.deepEqual(content(city.home), before);
  assert.equal((await put(`"a,b", ${tag}`)).status, 200);
  stopped({ chapter: 'http', name: 'If-Match tricks', tried: '16 conditions: stars inside quotes and lists, weak tags, tags without quotes, cut or longer ones.', stopped: 'http: etag.c', seen: '412' });
});

test('odd wishes for a language are answered in Chinese', async () => {
  for (const wish of ['en;q=1e400, zh', 'en;q=nan', 'en;q=-1', `${'en,'.repeat(5000)}`, 'x'.repeat(10_000), ';q=', '*', 'en;q=0', ',,,,', 'zh-CN;q=0.5, en;q=0.1', '\xffen']) {
    const reply = await city.anyone.get('/session', { 'Accept-Language': wish });
    assert.equal(reply.status, 401, wish.slice(0, 40));
  }
});

test('numbers that a double, 53 or 64 bits cannot hold are refused, never rounded', async () => {
  const clerk = city.as('bureau-clerk');
  const before = content(city.home);
  const numbers = ['1e400', '-1e400', '1e-400', 'NaN', 'Infinity', '9223372036854775808', '-9223372036854775809', '1e18', '1.0', '1E2', '0x1', '01', '+1', '.5', '1.', '-0', '0', '-1', '"1"', '1e2147483648', '9'.repeat(400), `0.${'0'.repeat(400)}1`, '9007199254740993.0', 'null', '[1]', 'true'];
  for (const number of numbers) {
    const reply = await clerk.call('POST', '/entries', { raw: `{"resource_id":${number}}` });
    assert.ok([400, 422].includes(reply.status), `${number.slice(0, 30)}: ${reply.status} ${reply.text.slice(0, 200)}`);
  }
  // An id of more than 53 bits is that number and no other: nothing is there.
  const near = await clerk.call('POST', '/entries', { raw: '{"resource_id":9007199254740993}' });
  assert.ok([404, 422].includes(near.status), near.text);
  for (const number of ['9007199254740993', '9223372036854775807']) assert.equal((await clerk.get(`/resources/${number}`)).status, 404);
  const money = city.api.routes.filter((route) => JSON.stringify(route.body ?? {}).includes('9000000000000000'));
  assert.ok(money.length > 0, 'no route takes money');
  for (const number of ['9000000000000001', '9007199254740993', '1e15', '-1', '0.1', '1e400', '"5"'])
    for (const route of money) {
      const name = Object.entries<any>(route.body.properties).find(([, member]) => member.maximum === 9000000000000000)?.[0];
      if (name === undefined) continue;
      const body = Object.entries<any>(route.body.properties).map(([key]) => `${JSON.stringify(key)}:${key === name ? number : 'null'}`);
      const player = [...route.roles].includes('bureau') ? clerk : city.as('operator-clerk');
      const reply = await player.call(route.method, route.path.replace(/\{[^}]+\}/g, '1'), { raw: `{${body.join(',')}}` });
      assert.ok([400, 401, 403, 404, 422].includes(reply.status), `${route.path} ${number}: ${reply.status}`);
    }
  assert.deepEqual(content(city.home), before);
  stopped({ chapter: 'http', name: 'numbers', tried: `${numbers.length} numbers in place of an id: past a double, 53 and 64 bits, NaN, fractions, other notations; and money past its bound.`, stopped: 'base/json, http: schema.c', seen: '400 or 422; none is rounded to another' });
});

test('JSON that is deep, doubled, cut, escaped or huge is refused', async () => {
  const clerk = city.as('land-clerk');
  const before = content(city.home);
  const bodies: [string, Buffer | string][] = [
    ['nested 33 deep', `{"code":${'['.repeat(33)}${']'.repeat(33)}}`], ['nested 500,000 deep', '['.repeat(500_000)], ['objects 100,000 deep', '{"a":'.repeat(100_000)],
    ['a key twice', '{"code":"A","code":"B","title":"x"}'], ['a key twice by an escape', '{"code":"A","c\\u006fde":"B","title":"x"}'],
    ['half a pair', '{"code":"A","title":"\\ud83d"}'], ['the other half', '{"code":"A","title":"\\udca9"}'], ['a pair turned round', '{"code":"A","title":"\\udca9\\ud83d"}'], ['a surrogate in UTF-8', Buffer.from('{"code":"A","title":"\xed\xa0\xbd"}', 'latin1')],
    ['a NUL by an escape', '{"code":"A","title":"a\\u0000b"}'], ['a NUL in a key', '{"code\\u0000":"A","title":"x"}'], ['a raw NUL', '{"code":"A","title":"a\0b"}'], ['a raw line end', '{"code":"A","title":"a\nb"}'],
    ['a byte order mark', '\ufeff{"code":"A","title":"x"}'], ['UTF-16', Buffer.from('{"code":"A","title":"x"}', 'utf16le')], ['over-long UTF-8', Buffer.from('{"code":"A","title":"\xc0\xaf"}', 'latin1')], ['past U+10FFFF', Buffer.from('{"code":"A","title":"\xf4\x90\x80\x80"}', 'latin1')],
    ['two values', '{"code":"A","title":"x"}{"code":"B","title":"x"}'], ['a comment', '{"code":"A",/**/"title":"x"}'], ['a comma too many', '{"code":"A","title":"x",}'], ['__proto__', '{"code":"A","title":"x","__proto__":{"role":"bureau"}}'], ['constructor', '{"code":"A","title":"x","constructor":{}}'],
    ['an owner', '{"code":"A","title":"x","party_id":1}'], ['a state', '{"code":"A","title":"x","state":"listed"}'], ['a string of a megabyte', JSON.stringify({ code: 'A', title: 'x'.repeat(1_000_000) })], ['100,000 keys', `{${Array.from({ length: 100_000 }, (_, i) => `"${i}":0`).join(',')}}`],
    ['a list of 300,000', `{"code":"A","title":"x","items":[${'{},'.repeat(300_000)}{}]}`], ['a key of half a megabyte', `{"${'k'.repeat(500_000)}":1}`],
  ];
  for (const [what, raw] of bodies) {
    const reply = await clerk.call('POST', '/resources', { raw });
    assert.ok([400, 413, 422].includes(reply.status), `${what}: ${reply.status} ${reply.text.slice(0, 300)}`);
    assert.ok(reply.text.length < 10_000, `${what}: the refusal is ${reply.text.length} long`);
  }
  assert.deepEqual(content(city.home), before);
  stopped({ chapter: 'http', name: 'JSON', tried: `${bodies.length} bodies: nesting, keys twice (by escapes too), half surrogates, NUL, marks, other encodings, members that would set owner, role or state, size.`, stopped: 'base/json, http: schema.c', seen: '400, 413 or 422, with a short refusal' });
});

const bidi = ['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069', '\u200e', '\u200f', '\u061c'];

test('identities and codes with look-alikes and invisible characters are refused where they are made', async () => {
  const before = content(city.home);
  const party = { role: 'developer', name: '某公司', credit_code: creditCode('91420100MA4KWKXX0'), login: 'some-clerk', password: 'a long password', account_name: '经办' };
  const cases: [string, string][] = [];
  for (const mark of [...bidi, '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad', '\u3000', '\u00a0', '\u2028', '\u{e0041}', '\ufe0f', '\u0301'])
    cases.push(['name', `某${mark}公司`], ['account_name', `经${mark}办`], ['login', `some${mark}clerk`], ['region', `江${mark}岸`]);
  cases.push(['login', 'sоme-clerk'], ['login', 'ｓome-clerk'], ['login', 'Some-clerk'], ['login', 'bureau-clerk '], ['login', '经办'], ['login', 'ѕоmе'], ['login', 'ⓢome'], ['login', '']);
  cases.push(['name', 'ТСL公司'], ['name', 'ＴＣＬ公司'], ['name', '⼀公司'], ['name', '某  公司'], ['name', ' 某公司'], ['name', '某公司\n'], ['name', '\ue000公司'], ['name', '𝐓CL公司'], ['name', '']);
  const code = party.credit_code;
  cases.push(['credit_code', code.replace('9', '９')], ['credit_code', code.replace('A', 'Α')], ['credit_code', code.replace('A', 'А')], ['credit_code', code.replace('K', 'К')], ['credit_code', code.toLowerCase()]);
  for (const mark of ['\u200b', '\u202e', ' ', '-', '\0']) cases.push(['credit_code', code.slice(0, 9) + mark + code.slice(9)], ['credit_code', code + mark], ['credit_code', mark + code.slice(1)]);
  for (const [field, text] of cases) {
    const reply = await city.anyone.post('/parties', { ...party, [field]: text });
    assert.ok([400, 422].includes(reply.status), `${field} ${JSON.stringify(text)}: ${reply.status} ${reply.text.slice(0, 200)}`);
    if (reply.status === 422) assert.equal(reply.json.field, `/${field}`, reply.text);
  }
  for (const text of ['ＯWN-1', 'ОWN-1', 'OWN‐1', 'OWN-1\u200b', '\u202eOWN-1', 'OWN 1', 'OWN-１', '资源-1', '']) {
    const reply = await city.as('land-clerk').post('/resources', { code: text, title: 'x' });
    assert.equal(reply.status, 422, text);
    assert.equal(reply.json.field, '/code');
  }
  const room = (await city.as('developer-clerk').all('/rooms'))[0].id;
  const proof = await city.as('developer-clerk').upload('证明', 'proof', '合法来源');
  const columns = [{ name: 'district', type: 'text', use: 'key' }];
  for (const text of ['іnsurance', 'insurance\u200b', 'ｉnsurance', 'insurance\u202e', 'INSURANCE']) {
    const reply = await city.as('developer-clerk').post(`/rooms/${room}/imports`, { title: 't', table_name: text, proof_id: proof.id, columns });
    assert.ok([409, 422].includes(reply.status), `${text}: ${reply.text}`);
    assert.equal(reply.json.field, '/table_name');
  }
  const now = content(city.home);
  for (const table of ['party', 'account', 'resource', 'import']) assert.equal(now[table], before[table], table);
  stopped({ chapter: 'http', name: 'identities that look alike', tried: `${cases.length + 14} registrations, resource codes and table names with bidirectional marks, invisible characters, full-width, Cyrillic and Greek letters, radicals, private characters.`, stopped: 'base/name, http: schema.c', seen: '422 that names the field; nothing is made' });
});

test('bidirectional overrides are refused in every text, and real names are taken', async () => {
  for (const mark of bidi.slice(0, 9)) assert.equal((await city.as('land-clerk').post('/resources', { code: 'BIDI', title: `资${mark}源` })).status, 422, mark);
  const names = ['江城数据运营有限公司（演示）', '买买提·吐尔逊商行', 'TCL科技集团股份有限公司', '欧阳𬭎工作室', 'AT&T (China) Ltd.', 'Société Générale'];
  for (const [i, name] of names.entries()) {
    const made = await city.anyone.post('/parties', { role: 'developer', name, credit_code: creditCode(`91420100MA4KWK${100 + i}`), login: `named-${i}`, password: 'a long password', account_name: '欧阳𬭎' });
    assert.equal(made.status, 201, `${name}: ${made.text}`);
    assert.equal(made.json.name, name);
  }
});
