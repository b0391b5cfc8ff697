// The stores of cities when the run is about PostgreSQL: DUKOU_TEST_STORE names a server (tools/postgres.sh), and each
// home has a database of its own there.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { postgresProgram } from './postgres_programs.ts';

const server = process.env.DUKOU_TEST_STORE;
export const inDatabase = server !== undefined && server !== '';

function databaseOf(home: string): string {
  return `city_${createHash('sha256').update(home).digest('hex').slice(0, 20)}`;
}

function psql(url: string, sql: string): string {
  const limits = { encoding: 'utf8', maxBuffer: 1 << 30 } as const;
  return execFileSync(postgresProgram('psql'), ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1', url, '--command', sql], limits);
}

function urlOf(home: string): string {
  return server!.replace('/postgres?', `/${databaseOf(home)}?`);
}

const known = new Set<string>();

// What DUKOU_STORE must be for the city in `home`; undefined: the file in its home.
export function storeOf(home: string | undefined): string | undefined {
  if (!server || home === undefined) return undefined;
  const database = databaseOf(home);
  if (!known.has(database) && psql(server, `SELECT 1 FROM pg_database WHERE datname = '${database}'`) === '') psql(server, `CREATE DATABASE ${database}`);
  known.add(database);
  return urlOf(home);
}

// The store of one home becomes that of another; nobody may have it open.
export function copyStore(from: string, to: string): void {
  if (server) psql(server, `CREATE DATABASE ${databaseOf(to)} TEMPLATE ${databaseOf(from)}`);
}

// Also when somebody killed is still connected.
export function removeStore(home: string): void {
  if (!server) return;
  psql(server, `DROP DATABASE IF EXISTS ${databaseOf(home)} WITH (FORCE)`);
  known.delete(databaseOf(home));
}

// An empty database in the place of the home's.
export function emptyStore(home: string): void {
  removeStore(home);
  psql(server!, `CREATE DATABASE ${databaseOf(home)}`);
  known.add(databaseOf(home));
}

export function dumpStore(home: string, path: string): void {
  execFileSync(postgresProgram('pg_dump'), ['--file', path, urlOf(home)]);
}

// The database as it was dumped, in the place of the home's.
export function bringStoreBack(home: string, path: string): void {
  emptyStore(home);
  execFileSync(postgresProgram('psql'), ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--output=/dev/null', urlOf(home), '--file', path]);
}

// Rows; bytes come as bytes, as from the file of a store.
export function ask(url: string, sql: string): any[] {
  const bytes = (_: string, value: unknown) => (typeof value === 'string' && /^\\x(?:[0-9a-f]{2})*$/.test(value) ? Buffer.from(value.slice(2), 'hex') : value);
  return JSON.parse(psql(url, `SELECT coalesce(json_agg(t), '[]') FROM (${sql}) t`), bytes);
}

// Without triggers, and with them keys between tables. Gives how many rows a single statement changed.
export function change(url: string, sql: string): number {
  const args = ['--no-psqlrc', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1', url, '--command', 'SET session_replication_role = replica', '--command', sql];
  const said = execFileSync(postgresProgram('psql'), args, { encoding: 'utf8' }).trim().split('\n').at(-1)!;
  return Number(/^(?:INSERT \d+|UPDATE|DELETE) (\d+)$/.exec(said)?.[1] ?? 0);
}

// Tables by name, their rows as lines of text in the order of their keys; undefined: the store is a file.
export function rowsOf(home: string): Map<string, string[]> | undefined {
  if (!server) return undefined;
  const url = urlOf(home);
  const found = new Map<string, string[]>();
  const names = psql(url, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1");
  const tables = names.trim().split('\n').filter((name) => !name.includes('_search'));
  const lines = psql(url, tables.map((table) => `(SELECT '${table}' || chr(9) || to_json(t)::text FROM "${table}" t ORDER BY t::text)`).join(' UNION ALL '));
  for (const table of tables) found.set(table, []);
  for (const line of lines.split('\n').filter((one) => one !== '')) {
    const tab = line.indexOf('\t');
    found.get(line.slice(0, tab))!.push(line.slice(tab + 1));
  }
  return found;
}
