// Sets up one demo city, logs everybody in once, and runs the tests; each file of tests works on a copy of it.
// Names of files can be given: node run.ts api/sessions.test.ts
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from './support/client.ts';
import { run, Service } from './support/process.ts';

process.chdir(import.meta.dirname);
const root = await mkdtemp(join(tmpdir(), 'dukou-tests-'));
const home = join(root, 'city');

async function logIn(url: string, login: string, password: string): Promise<string> {
  const sent = { json: { login, password, title: 'tests', days: 366 } };
  const reply = await new Client(url, null).call('POST', '/session/token', sent);
  if (reply.status !== 201) throw new Error(`${login}: ${reply.text}`);
  return reply.json.token;
}

async function prepare(): Promise<void> {
  const city = await run(['city'], { DUKOU_HOME: home });
  if (city.code !== 0) throw new Error(`dukou city: ${city.out}${city.err}`);
  await writeFile(join(root, 'city.txt'), city.out);
  const keys = await run(['keys', 'show'], { DUKOU_HOME: home });
  if (keys.code !== 0) throw new Error(`dukou keys: ${keys.err}`);
  await writeFile(join(root, 'order_key.json'), keys.out);
  const serve = new Service(['serve'], { DUKOU_HOME: home, DUKOU_PORT: '0' });
  const url = await serve.url();
  const lines = (await readFile(join(home, 'accounts.tsv'), 'utf8')).trim().split('\n');
  const accounts = await Promise.all(
    lines.map(async (line) => {
      const [login, password, party] = line.split('\t');
      return { login, password, party, token: await logIn(url, login!, password!) };
    }),
  );
  await writeFile(join(root, 'accounts.json'), JSON.stringify(accounts), { mode: 0o600 });
  if ((await serve.stop()) !== 0) throw new Error(`dukou serve: ${serve.output}`);
}

// Of a file as a whole: the crash campaign's takes minutes, and hours where tests may take their time.
const FILE_TIMEOUT = process.env.DUKOU_TEST_TIMEOUT ?? (process.env.DUKOU_TEST_LONG ? 36_000_000 : 900_000);

function test(files: string[]): Promise<number> {
  const limits = ['--test-concurrency=2', `--test-timeout=${FILE_TIMEOUT}`, '--test-force-exit'];
  const args = ['--test', '--test-reporter=spec', '--disable-warning=ExperimentalWarning', ...limits, ...files];
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, DUKOU_TEST_ROOT: root } });
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}

let code = 1;
try {
  await prepare();
  const named = process.argv.slice(2);
  code = await test(named.length > 0 ? named : globSync('{api,attack,crash,law}/*.test.ts').sort());
} catch (error) {
  console.error(error);
} finally {
  await rm(root, { recursive: true, force: true });
}
process.exitCode = code;
