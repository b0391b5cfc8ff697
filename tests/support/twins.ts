// Several serving processes on one city: one store, one log, one keeper that runs apart.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { account, accounts, copyHome, patient, root } from './city.ts';
import { Client } from './client.ts';
import { eventually } from './eventually.ts';
import { Api } from './openapi.ts';
import { storeOf } from './postgres.ts';
import { Postgres, rowsIn } from './postgres_server.ts';
import { run, Service } from './process.ts';
import { openStore } from './store.ts';

process.setMaxListeners(0); // many services, each killed when the tests end

// One serving process, and clients of it.
export class Serving {
  readonly service: Service;
  url = '';
  api: Api | null = null;
  readonly #clients = new Map<string, Client>();

  constructor(environment: Record<string, string>) {
    this.service = new Service(['serve'], environment);
  }

  async ready(): Promise<this> {
    this.url = await this.service.url();
    this.api = new Api((await new Client(this.url, null).get('/openapi.json')).json);
    return this;
  }

  get anyone(): Client {
    return this.#client('', {});
  }

  as(login: string): Client {
    return this.#client(login, { Authorization: `Bearer ${account(login).token}` });
  }

  #client(name: string, headers: Record<string, string>): Client {
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = new Client(this.url, this.api, headers);
      this.#clients.set(name, client);
    }
    return client;
  }

  // At once, as a power cut would.
  async kill(): Promise<void> {
    this.service.child.kill('SIGKILL');
    await this.service.ended;
    this.forget();
  }

  forget(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}

export class Twins {
  readonly home: string;
  readonly environment: Record<string, string>;
  readonly exchange: Service;
  keeper: Service;
  one!: Serving;
  two!: Serving;
  // Where the rows are; null: a SQLite file below home.
  server: Postgres | null = null;
  readonly #all: Serving[] = [];

  private constructor(home: string, environment: Record<string, string>, exchange: Service) {
    this.home = home;
    this.environment = environment;
    this.exchange = exchange;
    this.keeper = this.startKeeper();
  }

  // A copy of the demo city; its store in a database of `server`, which `url` names with those that may follow it.
  static async open(name: string, server: Postgres | null = null, url = server ? Postgres.url(server) : ''): Promise<Twins> {
    const home = await copyHome(name);
    await cp(join(root, 'city-sources'), `${home}-sources`, { recursive: true });
    if (server) {
      server.sql('CREATE DATABASE city');
      const copied = await run(['store', 'copy', storeOf(home) ?? join(home, 'dukou.db'), url]);
      assert.equal(copied.code, 0, copied.out + copied.err);
      await rm(join(home, 'dukou.db'), { force: true });
    }
    const twins = await Twins.start(home, server ? { DUKOU_STORE: url } : {});
    twins.server = server;
    twins.one = await twins.serve();
    twins.two = await twins.serve();
    return twins;
  }

  private static async start(home: string, store: Record<string, string>): Promise<Twins> {
    const exchange = new Service(['exchange', '--port', '0', '--state', join(home, 'exchange')], {});
    return new Twins(
      home,
      {
        DUKOU_HOME: home,
        ...store,
        DUKOU_KEEPER: join(home, 'keeper.socket'),
        DUKOU_PORT: '0',
        DUKOU_ADDRESS: '127.0.0.1',
        DUKOU_EXCHANGE: await exchange.url(),
        DUKOU_EXCHANGE_TOKEN: join(home, 'exchange', 'platform.token'),
        ...patient,
        DUKOU_LOG: 'info',
      },
      exchange,
    );
  }

  startKeeper(): Service {
    return new Service(['keeper'], this.environment);
  }

  async serve(): Promise<Serving> {
    const serving = new Serving(this.environment);
    this.#all.push(serving);
    return serving.ready();
  }

  // Both, in turns.
  each(i: number): Serving {
    return i % 2 === 0 ? this.one : this.two;
  }

  dukou(...args: string[]) {
    return run(args, this.environment);
  }

  // How many entries are under the checkpoint, and how many there are.
  sealed(): number {
    return Number(readFileSync(join(this.home, 'log', 'checkpoint'), 'utf8').split('\n')[1]);
  }

  rows(sql: string): any[] {
    if (this.server) return this.server.rows(sql);
    const url = storeOf(this.home);
    if (url !== undefined) return rowsIn(url, sql);
    const store = openStore(this.home);
    try {
      return store.prepare(sql).all();
    } finally {
      store.close();
    }
  }

  entries(): number {
    return Number(this.rows('SELECT COALESCE(MAX(entry), -1) + 1 AS n FROM audit_salt')[0].n);
  }

  // Store and log are read one after the other: nothing must be sealed in between.
  async verify(): Promise<string> {
    const waiting = () => Number(this.rows('SELECT COUNT(*) AS n FROM audit_entry')[0].n);
    await eventually('all is sealed', () => this.sealed() === this.entries() && waiting() === 0);
    const ran = await this.dukou('audit', 'verify');
    assert.equal(ran.code, 0, ran.out + ran.err);
    return ran.out;
  }

  async close(): Promise<void> {
    for (const serving of this.#all) {
      serving.forget();
      if (serving.service.child.exitCode === null && serving.service.child.signalCode === null)
        assert.equal(await serving.service.stop(), 0, serving.service.output);
      const { output } = serving.service;
      for (const { password, token } of accounts)
        assert.ok(!output.includes(password) && !output.includes(token), 'a secret was printed');
      assert.doesNotMatch(output, /AddressSanitizer|runtime error|assert/i);
    }
    assert.equal(await this.keeper.stop(), 0, this.keeper.output);
    await this.exchange.stop();
    await rm(join(this.home, '..'), { recursive: true });
  }
}
