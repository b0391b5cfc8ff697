// A city of a test's own: a copy of the demo city that run.ts has set up, served on a free port.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from './client.ts';
import { Api } from './openapi.ts';
import { checkLog } from './log.ts';
import { copyStore } from './postgres.ts';
import { run, Service } from './process.ts';

export type Account = { login: string; password: string; party: string; token: string };

export const root = process.env.DUKOU_TEST_ROOT!;
export const accounts: Account[] = JSON.parse(await readFile(join(root, 'accounts.json'), 'utf8'));

export function account(login: string): Account {
  const found = accounts.find((one) => one.login === login);
  assert.ok(found, `no account ${login}`);
  return found;
}

// Without limits on rates: a test file is one impatient caller.
export const patient = { DUKOU_PUBLIC_PER_MINUTE: '10000000', DUKOU_ACCOUNT_PER_MINUTE: '10000000', DUKOU_LOG: 'info' };

export async function folder(name: string): Promise<string> {
  return mkdtemp(join(root, `${name}-`));
}

// HOME of a copy, not served.
export async function copyHome(name: string, from = join(root, 'city')): Promise<string> {
  const home = join(await folder(name), 'city');
  await cp(from, home, { recursive: true });
  copyStore(from, home);
  return home;
}

export class City {
  readonly home: string;
  readonly serve: Service;
  readonly exchange: Service;
  readonly url: string;
  readonly api: Api;
  readonly anyone: Client;
  // What must not be found in what the server prints.
  readonly secrets: string[] = accounts.flatMap((one) => [one.password, one.token]);
  readonly #clients = new Map<string, Client>();

  private constructor(home: string, serve: Service, exchange: Service, url: string, api: Api) {
    this.home = home;
    this.serve = serve;
    this.exchange = exchange;
    this.url = url;
    this.api = api;
    this.anyone = new Client(url, api);
  }

  static async open(name: string): Promise<City> {
    const home = await copyHome(name);
    await cp(join(root, 'city-sources'), `${home}-sources`, { recursive: true });
    return City.serveHome(home);
  }

  static async serveHome(home: string, environment: Record<string, string> = patient): Promise<City> {
    const exchange = new Service(['exchange', '--port', '0', '--state', join(home, 'exchange')], {});
    const serve = new Service(['serve'], {
      DUKOU_HOME: home,
      DUKOU_PORT: '0',
      DUKOU_ADDRESS: '127.0.0.1',
      DUKOU_EXCHANGE: await exchange.url(),
      DUKOU_EXCHANGE_TOKEN: join(home, 'exchange', 'platform.token'),
      ...environment,
    });
    try {
      const url = await serve.url();
      const document = (await new Client(url, null).get('/openapi.json')).json;
      return new City(home, serve, exchange, url, new Api(document));
    } catch (error) {
      await exchange.stop();
      throw error;
    }
  }

  as(login: string): Client {
    let client = this.#clients.get(login);
    if (client === undefined) {
      client = new Client(this.url, this.api, { Authorization: `Bearer ${account(login).token}` });
      this.#clients.set(login, client);
    }
    return client;
  }

  dukou(...args: string[]) {
    return run(args, { DUKOU_HOME: this.home });
  }

  // Stops, and looks at what was printed: it ended well, and told no secret.
  async close(): Promise<void> {
    if (this.serve.child.exitCode !== null) assert.fail(`the server has ended:\n${this.serve.output}`);
    this.anyone.close();
    for (const client of this.#clients.values()) client.close();
    const code = await this.serve.stop();
    await this.exchange.stop();
    checkLog(this.serve.output, new Set(Object.keys(this.api.document.paths).map((path) => path.replace(/^\/api/, ''))));
    for (const secret of this.secrets) assert.ok(!this.serve.output.includes(secret), 'a secret was printed');
    assert.doesNotMatch(this.serve.output, /\b\d{17}[\dX]\b/, 'a citizen number was printed');
    assert.doesNotMatch(this.serve.output, /AddressSanitizer|runtime error|assert/i);
    assert.equal(code, 0, this.serve.output);
    await rm(join(this.home, '..'), { recursive: true });
  }
}
