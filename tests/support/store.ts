// The store's tables, read and forged beside the server, whichever store it is.
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { ask, change, rowsOf, storeOf } from './postgres.ts';

// Tables that hold no decision: who guessed how often, replies kept, entries on their way to the log.
const PASSING = ['login_failure', 'idempotency', 'session'];

type Value = string | number | null;
type Statement = { all(...values: any[]): any[]; get(...values: any[]): any; run(...values: any[]): { changes: number | bigint } };

// As somebody with full access has it: what changes it is checked by no key between tables and told to no log.
export type Store = { prepare(sql: string): Statement; exec(sql: string): void; close(): void };

const literal = (value: Value) => (value === null ? 'NULL' : typeof value === 'number' ? String(value) : `'${value.replace(/'/g, "''")}'`);

// `?` in their order, or `:name` out of one object.
function filled(sql: string, values: any[]): string {
  let next = 0;
  const named = typeof values[0] === 'object' && values[0] !== null ? values[0] : {};
  return sql.replace(/\?|(?<!:):(\w+)/g, (_, name) => literal(name === undefined ? values[next++] : named[name]));
}

function database(url: string): Store {
  return {
    prepare: (sql) => ({
      all: (...values) => ask(url, filled(sql, values)),
      get: (...values) => ask(url, filled(sql, values))[0],
      run: (...values) => ({ changes: change(url, filled(sql, values)) }),
    }),
    exec: (sql) => void change(url, sql),
    close: () => undefined,
  };
}

export function openStore(home: string, readOnly = true): Store {
  const url = storeOf(home);
  return url === undefined ? openFile(join(home, 'dukou.db'), readOnly) : database(url);
}

export function openFile(path: string, readOnly = true): DatabaseSync {
  const store = new DatabaseSync(path, { readOnly, enableForeignKeyConstraints: false });
  store.exec('PRAGMA busy_timeout = 5000');
  return store;
}

// All but the key.
export function columns(home: string, table: string): string[] {
  const url = storeOf(home);
  const store = openStore(home);
  const sql = url === undefined
    ? `SELECT name FROM pragma_table_info('${table}') WHERE pk = 0`
    : `SELECT attname AS name FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'id' ORDER BY attnum`;
  const found = store.prepare(sql).all().map((row) => String(row.name));
  store.close();
  return found;
}

function tables(store: DatabaseSync): string[] {
  const rows = store.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%_search%'").all();
  return rows.map((row) => String(row.name));
}

// Every row of every table, as a line of text; bytes in hexadecimal digits.
export function allRows(home: string): Map<string, string[]> {
  const there = rowsOf(home);
  if (there) return there;
  const store = openFile(join(home, 'dukou.db'));
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
