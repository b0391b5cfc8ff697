// A PostgreSQL server of a test's own, on a unix socket below /tmp: started, stopped, killed, followed by a standby.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { eventually } from './eventually.ts';
import { postgresProgram } from './postgres_programs.ts';

// The server refuses to run as root.
const owner = process.getuid!() === 0 ? idOf(['postgres', 'nobody']) : null;

function idOf(names: string[]): { uid: number; gid: number } {
  for (const name of names) {
    const uid = spawnSync('id', ['-u', name], { encoding: 'utf8' });
    if (uid.status === 0) return { uid: Number(uid.stdout), gid: Number(execFileSync('id', ['-g', name], { encoding: 'utf8' })) };
  }
  throw new Error('there is no user to run PostgreSQL as');
}

function ask(url: string, text: string): string {
  const asked = spawnSync(postgresProgram('psql'), [url, '-qAtX', '-v', 'ON_ERROR_STOP=1', '-c', text], { encoding: 'utf8' });
  assert.equal(asked.status, 0, asked.stderr);
  return asked.stdout.trim();
}

// The first line that a running psql answers; null when it ends instead.
function question(psql: ChildProcess, text: string): Promise<string | null> {
  psql.stdin!.write(`${text}\n`);
  return new Promise((resolve) => {
    psql.stdout!.once('data', (line) => resolve(String(line).trim()));
    psql.once('exit', () => resolve(null));
  });
}

export function rowsIn(url: string, text: string): any[] {
  return JSON.parse(ask(url, `SELECT COALESCE(json_agg(t), '[]') FROM (${text}) t`));
}

const ROUNDS = 100;

export class Postgres {
  readonly folder: string;
  readonly data: string;

  private constructor() {
    this.folder = mkdtempSync('/tmp/dukou-pg-');
    this.data = join(this.folder, 'data');
    if (owner) chownSync(this.folder, owner.uid, owner.gid);
    chmodSync(this.folder, 0o755);
    process.once('exit', () => this.remove());
  }

  static start(settings = ''): Postgres {
    const server = new Postgres();
    server.run('initdb', ['--pgdata', server.data, '--username', 'dukou', '--auth-local', 'trust', '--auth-host', 'reject', '--encoding', 'UTF8', '--locale', 'C', '--no-sync']);
    server.set(`listen_addresses = ''\nunix_socket_directories = '${server.folder}'\nunix_socket_permissions = 0777\nshared_buffers = 32MB\n${settings}`);
    server.up();
    return server;
  }

  // Follows `primary`, whose commits wait for it from now on.
  static standbyOf(primary: Postgres): Postgres {
    const server = new Postgres();
    server.run('pg_basebackup', ['-h', primary.folder, '-U', 'dukou', '-D', server.data, '--checkpoint', 'fast', '--write-recovery-conf', '--no-sync']);
    chmodSync(server.data, 0o700);
    server.set(`unix_socket_directories = '${server.folder}'\nsynchronous_standby_names = ''\n`);
    server.up();
    primary.set("synchronous_standby_names = '*'\n");
    primary.sql('SELECT pg_reload_conf()');
    return server;
  }

  // Keeps its write-ahead log in folder/archive.
  static archiving(): Postgres {
    return Postgres.start("archive_mode = on\narchive_command = 'mkdir -p ../archive && cp %p ../archive/%f'\n");
  }

  // What folder/base and folder/archive of `lost` hold, up to `moment` (as PostgreSQL writes it) or, without one, to the end.
  static recovered(lost: Postgres, moment?: string): Postgres {
    const server = new Postgres();
    server.must('cp', ['-a', join(lost.folder, 'base'), server.data]);
    server.must('touch', [join(server.data, 'recovery.signal')]);
    const target = moment === undefined ? '' : `recovery_target_time = '${moment}'\nrecovery_target_action = 'promote'\n`;
    server.set(`archive_mode = off\nunix_socket_directories = '${server.folder}'\nrestore_command = 'cp ../../${basename(lost.folder)}/archive/%f %p'\n${target}`);
    server.up();
    return server;
  }

  backUp(): void {
    this.run('pg_basebackup', ['-h', this.folder, '-U', 'dukou', '-D', join(this.folder, 'base'), '--checkpoint', 'fast', '--no-sync']);
    this.run('pg_verifybackup', ['--quiet', join(this.folder, 'base')]);
  }

  // Until all that is committed by now lies in the archive.
  async archive(): Promise<void> {
    const last = this.sql('SELECT pg_walfile_name(pg_switch_wal())');
    await eventually('it is archived', () => this.sql(`SELECT last_archived_wal >= '${last}' FROM pg_stat_archiver`) === 't');
  }

  // Several servers: the one that takes changes.
  static url(...servers: Postgres[]): string {
    const hosts = servers.map((server) => server.folder).join(',');
    return `postgresql:///city?host=${encodeURIComponent(hosts)}&user=dukou${servers.length > 1 ? '&target_session_attrs=read-write' : ''}`;
  }

  set(settings: string): void {
    appendFileSync(join(this.data, 'postgresql.conf'), settings);
  }

  up(): void {
    this.run('pg_ctl', ['start', '--silent', '--wait', '--timeout', '60', '--pgdata', this.data, '--log', join(this.folder, 'server.log')]);
  }

  // As if the power had gone: no session is told, nothing is flushed that was not.
  kill(): void {
    this.run('pg_ctl', ['stop', '--silent', '--mode', 'immediate', '--pgdata', this.data]);
  }

  promote(): void {
    this.run('pg_ctl', ['promote', '--silent', '--wait', '--pgdata', this.data]);
  }

  sql(text: string, database = 'postgres'): string {
    return ask(`postgresql:///${database}?host=${encodeURIComponent(this.folder)}&user=dukou`, text);
  }

  // Takes every connection there is, also those that others have; calling what it gives lets go of them.
  async exhaust(): Promise<() => void> {
    const held = [await this.#hold()];
    const release = () => held.forEach((one) => one?.kill('SIGKILL'));
    for (let round = 0; round < ROUNDS; round++) {
      for (let one = await this.#hold(); one !== null; one = await this.#hold()) held.push(one);
      const others = Number(await question(held[0]!, 'SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname <> current_database();'));
      if (others === 0) return release;
    }
    release();
    return assert.fail('others are always faster');
  }

  // A connection that is idle until its process is killed; null when there is none left.
  async #hold(): Promise<ChildProcess | null> {
    const holder = spawn(postgresProgram('psql'), ['-h', this.folder, '-U', 'dukou', '-d', 'postgres', '-qAtX'], { stdio: ['pipe', 'pipe', 'ignore'] });
    holder.stdin!.on('error', () => {});
    return (await question(holder, 'SELECT 1;')) === null ? null : holder;
  }

  rows(text: string): any[] {
    return rowsIn(Postgres.url(this), text);
  }

  remove(): void {
    if (!existsSync(this.folder)) return;
    spawnSync(postgresProgram('pg_ctl'), ['stop', '--silent', '--mode', 'immediate', '--pgdata', this.data], { cwd: '/', stdio: 'ignore', ...owner });
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run(program: string, args: string[]): void {
    this.must(postgresProgram(program), args);
  }

  private must(program: string, args: string[]): void {
    const ran = spawnSync(program, args, { cwd: '/', encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'], ...owner });
    assert.equal(ran.status, 0, `${program}: ${ran.stderr}`);
  }
}
