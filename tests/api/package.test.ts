// The Debian package, its units, its alert rules and the pages that speak of them: made, and held against each other. `make try-deb`
// installs it in a clean Debian.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder } from '../support/city.ts';
import { run } from '../support/process.ts';

const source = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(source, path), 'utf8');

function command(name: string, args: string[], environment: Record<string, string> = {}) {
  const ran = spawnSync(name, args, { cwd: source, encoding: 'utf8', env: { ...process.env, ...environment } });
  return { code: ran.status, out: ran.stdout ?? '', err: ran.stderr ?? '', missing: ran.error !== undefined };
}

test('the package holds program, library, calendar, units, settings, pages and manual, all of root', async (t) => {
  if (command('dpkg-deb', ['--version']).missing) return t.skip('no dpkg-deb here');
  const deb = join(await folder('package'), 'dukou.deb');
  const made = command('packaging/deb.sh', [deb], { DUKOU_DEB_PLAIN: '1' });
  assert.equal(made.code, 0, made.err);
  const lines = command('dpkg-deb', ['-c', deb]).out.trim().split('\n').map((line) => line.trim().split(/\s+/));
  const files = new Map(lines.map((fields) => [fields[5]!, fields]));
  for (const [path, mode] of [
    ['./usr/bin/dukou', '-rwxr-xr-x'], ['./usr/sbin/dukou-admin', '-rwxr-xr-x'], ['./usr/lib/dukou/libduckdb.so', '-rw-r--r--'],
    ['./usr/share/dukou/chinese-days.json', '-rw-r--r--'], ['./lib/systemd/system/dukou.service', '-rw-r--r--'],
    ['./lib/systemd/system/dukou-keeper.service', '-rw-r--r--'], ['./etc/dukou/dukou.conf', '-rw-r-----'], ['./usr/share/man/man1/dukou.1.gz', '-rw-r--r--'],
    ['./usr/share/doc/dukou/production.zh-CN.md', '-rw-r--r--'], ['./usr/share/doc/dukou/copyright', '-rw-r--r--'],
    ['./usr/share/dukou/prometheus/dukou.rules.yml', '-rw-r--r--'],
  ]) assert.equal(files.get(path!)?.[0], mode, path);
  for (const fields of lines) assert.equal(fields[1], 'root/root', fields.join(' '));
  const control = command('dpkg-deb', ['-f', deb]).out;
  for (const needed of ['libc6', 'libsqlite3-0', 'libsodium23', 'libmicrohttpd12', 'libstdc++6', 'adduser']) assert.ok(control.includes(needed), `${needed} in ${control}`);
  assert.match(command('dpkg-deb', ['-I', deb, 'conffiles']).out, /^\/etc\/dukou\/dukou\.conf$/m);
});

test('the units are sound to systemd, and hardened', (t) => {
  for (const name of ['dukou', 'dukou-keeper']) {
    const unit = read(`packaging/systemd/${name}.service`);
    for (const line of ['NoNewPrivileges=yes', 'CapabilityBoundingSet=', 'ProtectSystem=strict', 'LimitCORE=0', 'MemorySwapMax=0', 'User=dukou'])
      assert.ok(unit.split('\n').includes(line), `${name}: ${line}`);
    // What the workers' jail needs is not forbidden.
    assert.doesNotMatch(unit.replace(/^#.*$/gm, ''), /RestrictNamespaces|ProtectProc|ProcSubset|ProtectKernelTunables|@mount|@process/, name);
    const verified = command('systemd-analyze', ['verify', `packaging/systemd/${name}.service`]);
    if (verified.missing) return t.skip('no systemd-analyze here');
    const complaints = verified.err.split('\n').filter((line) => line !== '' && !/usr\/bin\/dukou is not executable|man dukou|Unit .* not found/.test(line));
    assert.deepEqual(complaints, [], name);
  }
});

test('the alert rules speak of metrics that there are, and both runbooks of every alert', async (t) => {
  const rules = read('packaging/prometheus/dukou.rules.yml');
  const metrics = new Set([...(await run(['metrics'])).out.matchAll(/^\| `(\w+)`/gm)].map((one) => one[1]));
  const named = [...rules.matchAll(/\b(?:dukou|process)_\w+/g)].map((one) => one[0].replace(/_bucket$/, ''));
  assert.ok(named.length > 10);
  for (const name of named) assert.ok(metrics.has(name), `${name} is measured nowhere`);
  const alerts = [...rules.matchAll(/alert: (\w+)/g)].map((one) => one[1]!);
  for (const page of ['docs/production.md', 'docs/production.zh-CN.md'])
    for (const alert of alerts) assert.ok(read(page).includes(`\`${alert}\``), `${alert} is not in ${page}`);
  const checked = command('promtool', ['check', 'rules', 'packaging/prometheus/dukou.rules.yml']);
  if (checked.missing) return t.diagnostic('no promtool here');
  assert.equal(checked.code, 0, checked.out + checked.err);
});
