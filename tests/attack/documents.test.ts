// Documents that were made to harm who reads them: names that are paths, and bytes that a browser would run. They go up as bytes
// and come down as bytes, to be saved and not shown.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { stopped } from '../support/attack.ts';
import { City } from '../support/city.ts';

let city: City;
before(async () => (city = await City.open('documents')));
after(() => city?.close());

const NAMES = {
  parents: '../../../../etc/passwd',
  parents_of_windows: '..\\..\\windows\\system.ini',
  root: '/etc/cron.d/x',
  drive: 'C:\\autoexec.bat',
  quotes: 'a".html; filename="evil.html',
  apostrophes: "a'%0d%0aSet-Cookie: x=1",
  percent: '%2e%2e%2f%2e%2e%2fx',
  hidden: '.htaccess',
  device: 'NUL',
  markup: '<img src=x onerror=alert(1)>.svg',
  formula: "=cmd|' /C calc'!A0",
};

const REFUSED = {
  line_end: 'a\r\nSet-Cookie: x=1',
  nul: 'a\0.exe',
  turned_round: 'report\u202Efdp.exe',
  escape: 'a\u001b[2J',
  too_long: 'x'.repeat(201),
  empty: '',
  blank: ' \u3000\u00A0 ',
  unseen: '\u200B\u2060\uFEFF\u00AD',
  fillers: '\u3164\u115F\u2800',
  tags: '\u{E0041}\u{E0042}\uFE0F',
};

const CONTENTS: Record<string, Buffer> = {
  html: Buffer.from('<!DOCTYPE html><script>fetch("/api/me")</script>'),
  svg: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'),
  xml_with_style: Buffer.from('<?xml version="1.0"?><?xml-stylesheet href="/x.xsl"?><a xmlns="http://www.w3.org/1999/xhtml"/>'),
  script: Buffer.from('/*\x89PNG*/alert(1)'),
  gif_and_script: Buffer.from('GIF89a/*\0*/=1;alert(1)'),
  pdf_and_html: Buffer.from('%PDF-1.7\n<html><script>alert(1)</script></html>\n%%EOF'),
  png_and_html: Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from('<script>alert(1)</script>')]),
  zip_and_pdf: Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.from('%PDF-1.4')]),
  utf7: Buffer.from('+ADw-script+AD4-alert(1)+ADw-/script+AD4-'),
  utf16: Buffer.from('\ufeff<script>alert(1)</script>', 'utf16le'),
  wasm: Buffer.from('0061736d01000000', 'hex'),
  program: Buffer.from('7f454c4602010100', 'hex'),
};

const upload = (title: string, bytes: Buffer) =>
  city.as('developer-clerk').call('POST', `/documents?title=${encodeURIComponent(title)}&kind=material`, { raw: bytes, type: 'application/octet-stream' });

test('a name that is a path or markup comes down as a plain name', async () => {
  for (const [name, title] of Object.entries(NAMES)) {
    const made = await upload(title, Buffer.from('x'));
    assert.equal(made.status, 201, `${name}: ${made.text}`);
    const back = await city.as('developer-clerk').get(`/documents/${made.json.id}/content`);
    const told = /^attachment; filename\*=UTF-8''([A-Za-z0-9._%-]+)$/.exec(String(back.headers['content-disposition']));
    assert.ok(told, `${name}: ${back.headers['content-disposition']}`);
    assert.doesNotMatch(decodeURIComponent(told[1]), /[/\\:]|^\./, name);
    assert.equal(back.headers['set-cookie'], undefined);
    stopped({ chapter: 'files', name: `document_name_${name}`, tried: 'uploads a document under a name made to be misread when it is saved', stopped: 'http: reply.c', seen: 'an attachment with a plain, encoded name' });
  }
});

test('a name with control characters is refused', async () => {
  for (const [name, title] of Object.entries(REFUSED)) {
    const made = await upload(title, Buffer.from('x'));
    assert.ok(made.status === 422 || made.status === 400, `${name}: ${made.status} ${made.text}`);
    stopped({ chapter: 'files', name: `document_name_${name}`, tried: 'uploads a document under a name that hides what it is', stopped: 'http: validator', seen: String(made.status) });
  }
});

test('what a browser would run comes down as bytes to be saved', async () => {
  for (const [name, bytes] of Object.entries(CONTENTS)) {
    const made = await upload(`${name}.html`, bytes);
    assert.equal(made.status, 201, made.text);
    for (const accept of ['text/html', 'image/svg+xml', '*/*']) {
      const back = await city.as('developer-clerk').get(`/documents/${made.json.id}/content`, { Accept: accept });
      assert.equal(back.status, 200);
      assert.deepEqual(back.bytes, bytes);
      assert.equal(back.headers['content-type'], 'application/octet-stream');
      assert.equal(back.headers['x-content-type-options'], 'nosniff');
      assert.equal(back.headers['content-security-policy'], "sandbox; default-src 'none'");
      assert.match(String(back.headers['content-disposition']), /^attachment;/);
      assert.equal(back.headers['cache-control'], 'no-store');
    }
    stopped({ chapter: 'files', name: `document_${name}`, tried: 'uploads a document that a browser would run or show as part of this site', stopped: 'http: reply.c', seen: 'application/octet-stream, nosniff, attachment, sandbox' });
  }
});
