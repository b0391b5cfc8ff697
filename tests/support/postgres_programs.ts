// PostgreSQL's own programs. Not by way of the path: there Debian has a wrapper, which takes longer than what it starts.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

let folder = process.env.DUKOU_POSTGRES;

export function postgresProgram(name: string): string {
  if (folder === undefined) {
    const root = '/usr/lib/postgresql';
    const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
    folder = versions.map((version) => join(root, version, 'bin')).find((path) => existsSync(join(path, 'initdb')));
    assert.ok(folder, 'PostgreSQL is not installed');
  }
  return join(folder, name);
}
