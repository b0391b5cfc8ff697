// The store's tables, read beside the server: whether anything was changed.
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { rowsOf } from './postgres.ts';

// Tables that hold no decision: who guessed how often, replies kept, entries on their way to the log.
const PASSING = ['login_failure', 'idempotency', 'session'];

export function openStore(home: string, readOnly = true): DatabaseSync {
  const store = new DatabaseSync(join(home, 'dukou.db'), { readOnly });
  store.exec('PRAGMA busy_timeout = 5000');
  return store;
}

export function tables(store: DatabaseSync): string[] {
  const rows = store.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%_search%'").all();
  return rows.map((row) => String(row.name));
}

// Every row of every table, as a line of text; bytes in hexadecimal digits.
export function allRows(home: string): Map<string, string[]> {
  const there = rowsOf(home);
  if (there) return there;
  const store = openStore(home);
  const found = new Map<string, string[]>();
  for (const table of tables(store)) {
    const rows: string[] = [];
    for (const row of store.prepare(`SELECT * FROM "${table}"`).iterate())
      rows.push(JSON.stringify(Object.values(row), (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)));
    found.set(table, rows);
  }
  store.close();
  return found;
}

// Of each table: how many rows, and a digest of them. An audit entry moves from audit_entry to the log when it
// is sealed; its salt stays, so audit_salt counts the entries.
export function content(home: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [table, rows] of allRows(home)) {
    if (PASSING.includes(table) || table === 'audit_entry') continue;
    const digest = createHash('sha256');
    for (const row of rows) digest.update(row);
    found[table] = `${rows.length} rows, ${digest.digest('hex').slice(0, 16)}`;
  }
  return found;
}
