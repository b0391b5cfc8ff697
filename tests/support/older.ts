// A city's store as an earlier program left it: what later migrations made is undone, and checked against a schema that is made of
// the earlier migrations alone.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from './store.ts';

const MIGRATIONS = join(import.meta.dirname, '..', '..', 'src', 'store', 'migrations');

type Migration = { number: number; text: string };

export function migrations(): Migration[] {
  return readdirSync(MIGRATIONS)
    .filter((name) => /^\d+_\w+\.sql$/.test(name)) // not the texts for PostgreSQL alone
    .sort()
    .map((name) => ({ number: Number(name.slice(0, 4)), text: readFileSync(join(MIGRATIONS, name), 'utf8').replace(/--.*$/gm, '') }));
}

function statements(migration: Migration): string[] {
  return migration.text.split(';').map((text) => text.trim()).filter((text) => text !== '');
}

const indexName = (text: string) => /^CREATE (?:UNIQUE )?INDEX (\w+)/.exec(text)?.[1];

// What undoes one statement; `earlier` holds the statements that made what it took away.
function undo(text: string, earlier: string[]): string {
  const made = /^CREATE TABLE (\w+)/.exec(text);
  if (made) return `DROP TABLE ${made[1]}`;
  const index = indexName(text);
  if (index !== undefined) return `DROP INDEX ${index}`;
  const dropped = /^DROP INDEX (\w+)/.exec(text);
  if (dropped) return earlier.findLast((one) => indexName(one) === dropped[1])!;
  const column = /^ALTER TABLE (\w+) ADD COLUMN (\w+)/.exec(text);
  if (column) return `ALTER TABLE ${column[1]} DROP COLUMN ${column[2]}`;
  throw new Error(`teach tests/support/older.ts to undo: ${text}`);
}

// Takes the store back to before the migrations that `later` picks; the city must not be served. Returns what was undone.
export function makeOlder(home: string, later: (number: number) => boolean): number[] {
  const all = migrations();
  const undone = all.filter((one) => later(one.number)).reverse();
  const earlier = all.filter((one) => !later(one.number)).flatMap(statements);
  const store = openStore(home, false);
  store.exec('PRAGMA foreign_keys = OFF; BEGIN');
  for (const migration of undone) {
    for (const text of statements(migration).reverse()) store.exec(undo(text, earlier));
    assert.equal(store.prepare('DELETE FROM migration WHERE number = ?').run(migration.number).changes, 1);
  }
  store.exec('COMMIT');
  const named = (text: string) => /^CREATE (?:UNIQUE )?(?:INDEX|TABLE) (\w+)/.exec(text)?.[1];
  const there = new Set<string>();
  for (const text of earlier) {
    const [made, dropped] = [named(text), /^DROP INDEX (\w+)/.exec(text)?.[1]];
    if (made !== undefined) there.add(made);
    if (dropped !== undefined) there.delete(dropped);
  }
  const wanted = [...there].sort();
  const found = store.prepare("SELECT name FROM sqlite_schema WHERE sql NOT LIKE 'CREATE VIRTUAL%' AND name <> 'migration' AND name NOT LIKE '%!_search!_%' ESCAPE '!' AND sql IS NOT NULL").all();
  assert.deepEqual(found.map((row) => row.name).sort(), wanted, 'the store is not what the earlier migrations make');
  store.close();
  return undone.map((one) => one.number);
}
