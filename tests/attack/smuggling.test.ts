// Requests that two readers of HTTP could divide differently. Behind each hides a second request; the server must
// answer once, with a refusal, and end the connection, so that nothing behind the refusal is ever read as a request.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { stopped } from '../support/attack.ts';
import { account, City } from '../support/city.ts';
import { content } from '../support/store.ts';
import { speak } from '../support/wire.ts';

let city: City;
let hidden: string; // a change that would succeed if it were read
before(async () => {
  city = await City.open('smuggling');
  const body = '{"code":"SMUGGLED","title":"x"}';
  hidden =
    `POST /api/resources HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${account('land-clerk').token}\r\n` +
    `Content-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
});
after(() => city?.close());

const POST = 'POST /api/session HTTP/1.1\r\n';
const GET = 'GET /health HTTP/1.1\r\n';
const H = 'Host: x\r\n';
const J = 'Content-Type: application/json\r\n';

function chunked(body: string): string {
  return `${POST}${H}${J}Transfer-Encoding: chunked\r\n\r\n${body}`;
}

async function refused(what: string, text: string, statuses: number[]): Promise<void> {
  const heard = await speak(city.url, text + hidden);
  assert.ok(heard.closed, `${what}: the connection stays open: ${heard.text.slice(0, 300)}`);
  assert.ok(heard.answers.length <= 1, `${what}: ${heard.answers.map((one) => one.status)}`);
  const status = heard.answers[0]?.status ?? 0; // 0: closed without a word
  assert.ok(statuses.includes(status), `${what}: ${status} ${heard.text.slice(0, 300)}`);
}

async function refuseAll(name: string, tried: string, by: string, cases: Record<string, string>, statuses: number[]): Promise<void> {
  const before = content(city.home);
  for (const [what, text] of Object.entries(cases)) await refused(what, text, statuses);
  assert.deepEqual(content(city.home), before);
  const seen = statuses.filter((one) => one > 0).join(' or ');
  const ways = `${tried} (${Object.keys(cases).length} ways), with a change hidden behind.`;
  stopped({ chapter: 'http', name, tried: ways, stopped: by, seen: `at most one answer, ${seen}, and the connection ends` });
}

test('the hidden request is a good one: behind a sound request it is read and done', async () => {
  const heard = await speak(city.url, `${GET}${H}\r\n${hidden}`);
  assert.deepEqual(heard.answers.map((one) => one.status), [200, 201], heard.text);
  const body = '{"login":"x"}';
  const again = await speak(city.url, `${POST}${H}${J}Content-Length: ${body.length}\r\n\r\n${body}${hidden}`);
  assert.deepEqual(again.answers.map((one) => one.status), [422, 409], 'a refused body ends where it says');
});

test('two lengths, or a length that is none', () =>
  refuseAll('two lengths', 'A request tells its length twice, as a list, with a sign, in hexadecimal, with spaces or not at all', 'http: head.c', {
    'the same twice': `${POST}${H}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`,
    'two that differ': `${POST}${H}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}`,
    'two that differ in case': `${POST}${H}Content-Length: 0\r\ncontent-LENGTH: 2\r\n\r\n{}`,
    'a list': `${POST}${H}Content-Length: 2, 2\r\n\r\n{}`,
    'a sign': `${POST}${H}Content-Length: +2\r\n\r\n{}`,
    'a minus': `${POST}${H}Content-Length: -0\r\n\r\n`,
    hexadecimal: `${POST}${H}Content-Length: 0x2\r\n\r\n{}`,
    'a fraction': `${POST}${H}Content-Length: 2.0\r\n\r\n{}`,
    'a space inside': `${POST}${H}Content-Length: 1 0\r\n\r\n{}`,
    nothing: `${POST}${H}Content-Length: \r\n\r\n`,
    'more than 64 bits': `${POST}${H}Content-Length: 18446744073709551618\r\n\r\n{}`,
    'a vertical tab': `${POST}${H}Content-Length: \x0b2\r\n\r\n{}`,
    'on a GET as well': `${GET}${H}Content-Length: 1\r\nContent-Length: 0\r\n\r\n{`,
  }, [400, 413]));

test('a length and a coding, or a coding alone', () =>
  refuseAll('transfer codings', 'A request has a Transfer-Encoding: beside a length, twice, unknown, listed, cloaked, in HTTP/1.0', 'http: head.c', {
    'length first': `${POST}${H}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'coding first': `${POST}${H}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
    'of length nought': `${POST}${H}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    chunked: chunked('2\r\n{}\r\n0\r\n\r\n'),
    'in capitals': `${POST}${H}Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n`,
    twice: `${POST}${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    'a list': `${POST}${H}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    'chunked not last': `${POST}${H}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    unknown: `${POST}${H}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    identity: `${POST}${H}Transfer-Encoding: identity\r\n\r\n`,
    'in quotes': `${POST}${H}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`,
    'with a parameter': `${POST}${H}Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n`,
    'a tab before': `${POST}${H}Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n`,
    'a vertical tab before': `${POST}${H}Transfer-Encoding: \x0bchunked\r\nContent-Length: 2\r\n\r\n{}`,
    'a byte above ASCII': `${POST}${H}Transfer-Encoding: \xa0chunked\r\nContent-Length: 2\r\n\r\n{}`,
    'in HTTP/1.0': `POST /api/session HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'on a GET': `${GET}${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  }, [400, 411]));

test('chunks that are measured in odd ways are never read', () =>
  refuseAll('chunk sizes', 'A chunked body has extensions, bare line ends, signs, prefixes, overflows, wrong sizes or trailers', 'http: head.c', {
    'an extension': chunked('2;a=b\r\n{}\r\n0\r\n\r\n'),
    'an extension with a bare LF': chunked('2;a\n{}\r\n0\r\n\r\n'),
    'bare LF': chunked('2\n{}\n0\n\n'),
    'a sign': chunked('-2\r\n{}\r\n0\r\n\r\n'),
    'a prefix': chunked('0x2\r\n{}\r\n0\r\n\r\n'),
    'an overflow': chunked('10000000000000002\r\n{}\r\n0\r\n\r\n'),
    'all ones': chunked('FFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n'),
    'too short': chunked('1\r\n{}\r\n0\r\n\r\n'),
    'no size': chunked('\r\n{}\r\n0\r\n\r\n'),
    'a space behind': chunked('2 \r\n{}\r\n0\r\n\r\n'),
    'trailers that would be fields': chunked('2\r\n{}\r\n0\r\nContent-Length: 9\r\nAuthorization: Bearer x\r\n\r\n'),
  }, [411]));

test('line ends that are not CR LF', () =>
  refuseAll('line ends', 'Lines of a head end with a bare LF or a bare CR, go on in the next line, or hold a NUL', 'http: head.c', {
    'bare LF everywhere': `GET /health HTTP/1.1\nHost: x\n\n`,
    'bare LF after the request line': `GET /health HTTP/1.1\n${H}\r\n`,
    'bare LF between fields': `${GET}Host: x\nX: y\r\n\r\n`,
    'bare CR hides a field': `${POST}${H}X: a\rContent-Length: 2\r\n\r\n{}`,
    'bare CR hides a coding': `${POST}${H}X: a\rTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}`,
    'a field goes on': `${POST}${H}X: a\r\n Content-Length: 5\r\nContent-Length: 2\r\n\r\n{}`,
    'a coding goes on': `${POST}${H}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
    'the first field begins with a space': `${GET} ${H}\r\n`,
    'a NUL in a value': `${GET}A: b\0c\r\n${H}\r\n`,
    'a NUL in a name': `${GET}${H}Content-Le\0ngth: 5\r\n\r\n`,
    'a NUL in the last value': `${GET}${H}A: b\0c\r\n\r\n`,
    'a NUL at the end of the last value': `${GET}${H}A: b\0\r\n\r\n`,
    'a NUL behind a space of the last value': `${GET}${H}A: b \0\r\n\r\n`,
    'a NUL alone as the last value': `${GET}${H}A: \0\r\n\r\n`,
    'a NUL at the end of the last of two requests in one': `${POST}${H}Content-Length: 2\0\r\n\r\n{}`,
    'a bare LF as the end of the head': `${GET}${H}A: b\r\n\n`,
    'a bare CR as the end of the head': `${GET}${H}A: b\r\n\r`,
    'a NUL in the target': `GET /health\0/x HTTP/1.1\r\n${H}\r\n`,
  }, [400]));

test('names of fields that are none', () =>
  refuseAll('field names', 'A field has a space before its colon, a control character or a separator in its name, or no colon', 'http: head.c', {
    'a space before the colon of a length': `${POST}${H}Content-Length : 2\r\n\r\n{}`,
    'a space before the colon of a coding': `${POST}${H}Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{}`,
    'a tab before the colon': `${POST}${H}Content-Length\t: 2\r\n\r\n{}`,
    'a control character': `${GET}${H}A\x01: c\r\n\r\n`,
    'a bracket': `${GET}${H}A(b): c\r\n\r\n`,
    'a byte above ASCII': `${GET}${H}A\xe9: c\r\n\r\n`,
    'no colon': `${GET}${H}nocolon\r\n\r\n`,
  }, [400]));

test('a request of two hosts, of none or of no host at all', () =>
  refuseAll('hosts', 'A request names two hosts, none, or what is no host', 'http: head.c', {
    two: `${GET}Host: a\r\nHost: b\r\n\r\n`,
    'the same twice': `${GET}${H}${H}\r\n`,
    none: `${GET}\r\n`,
    empty: `${GET}Host: \r\n\r\n`,
    'a path': `${GET}Host: x/y\r\n\r\n`,
    'a user': `${GET}Host: a@b\r\n\r\n`,
    'a space': `${GET}Host: a b\r\n\r\n`,
    'a comma': `${GET}Host: a,b\r\n\r\n`,
    long: `${GET}Host: ${'x'.repeat(1000)}\r\n\r\n`,
  }, [400]));

const once = [
  'Authorization: Bearer a', 'Cookie: dukou_session=a', 'X-CSRF-Token: a', 'Idempotency-Key: 0123456789abcdef', 'Content-Type: application/json',
  'Content-Encoding: identity', 'If-Match: *', 'If-None-Match: *', 'Expect: 100-continue',
];

test('whose a request is and what it means is told once', () =>
  refuseAll('fields told twice', 'Credentials, cookies, tokens, keys, types, codings or conditions come twice', 'http: head.c',
    Object.fromEntries(once.map((field) => [field, `${GET}${H}${field}\r\n${field.replace(/: (.)/, ': x$1')}\r\n\r\n`])), [400]));

test('versions that are none, and the preface of another protocol', () =>
  refuseAll('versions', 'A request is of HTTP/0.9, HTTP/2.0, of a version in lower case, or speaks HTTP/2', 'libmicrohttpd', {
    'no version': 'GET /health\r\n\r\n',
    '2.0': `GET /health HTTP/2.0\r\n${H}\r\n`,
    '9.9': `GET /health HTTP/9.9\r\n${H}\r\n`,
    'lower case': `GET /health http/1.1\r\n${H}\r\n`,
    preface: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    TLS: '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n',
    'a tab for a space': `GET\t/health\tHTTP/1.1\r\n${H}\r\n`,
    'a space in the target': `GET /health x HTTP/1.1\r\n${H}\r\n`,
  }, [0, 400, 505]));

test('an upgrade is not taken, and what follows is read as HTTP', async () => {
  const upgrade = `${GET}${H}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`;
  const heard = await speak(city.url, `${upgrade}${GET}${H}Connection: close\r\n\r\n`);
  assert.deepEqual(heard.answers.map((one) => one.status), [200, 200]);
  stopped({ chapter: 'http', name: 'h2c upgrade', tried: 'A request asks to go on in HTTP/2 without TLS.', stopped: 'libmicrohttpd', seen: 'answered in HTTP/1.1; no 101' });
});

test('after a refusal that comes before the body, the body is not read as a request', () =>
  refuseAll('pipelined after a refusal', 'A body is announced that may not come: too large, or an upload by nobody', 'http: call.c, the connection ends', {
    'too large': `${POST}${H}Content-Length: 99999999\r\n\r\n`,
    'an upload by nobody': `POST /api/documents?title=t&kind=other HTTP/1.1\r\n${H}Content-Length: 5000\r\n\r\n`,
    'an upload that expects': `POST /api/documents?title=t&kind=other HTTP/1.1\r\n${H}Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n`,
    'too large, and expects': `${POST}${H}Expect: 100-continue\r\nContent-Length: 1500000\r\n\r\n`,
  }, [401, 413]));

test('after refusals in between, sound requests on one connection are answered in their order, each its own', async () => {
  const paths = ['/health', '/api/nothing', '/api/session', '/health', '/api/resources/0', '/api/openapi.json', '/nowhere'];
  const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\n${H}\r\n`).join('');
  const heard = await speak(city.url, `${requests}GET /health HTTP/1.1\r\n${H}Connection: close\r\n\r\n`);
  assert.deepEqual(heard.answers.map((one) => one.status), [200, 404, 401, 200, 404, 200, 404, 200]);
  assert.match(heard.answers[5]!.body, /"openapi"/);
});

test('a sound request is read whatever the pieces it comes in', async () => {
  const text = `GET /health HTTP/1.1\r\nHost: [::1]:8080\r\nAccept: \r\nX-Long: ${'y'.repeat(20_000)}\r\nConnection: close\r\n\r\n`;
  for (const size of [1, 3, 1000]) {
    const parts = size === 1 ? [...text.slice(0, 120), text.slice(120)] : (text.match(new RegExp(`[^]{1,${size}}`, 'g')) as string[]);
    const heard = await speak(city.url, parts);
    assert.deepEqual(heard.answers.map((one) => one.status), [200], `by ${size}`);
  }
});
