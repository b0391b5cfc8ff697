// Runs the program under test.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { storeOf } from './postgres.ts';

export const program = process.env.DUKOU ?? fileURLToPath(new URL('../../build/dukou', import.meta.url));

// A city's store is where the run keeps stores, unless the test says otherwise.
function withStore(environment: Record<string, string>): Record<string, string> {
  const store = storeOf(environment.DUKOU_HOME);
  return store === undefined ? environment : { DUKOU_STORE: store, ...environment };
}

const START_SECONDS = 30;
const STOP_SECONDS = 20;

export type Ran = { code: number | null; out: string; err: string };

export function run(args: string[], environment: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...withStore(environment) }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

// A process that serves until it is stopped; what it printed is kept.
export class Service {
  output = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(args: string[], environment: Record<string, string>) {
    this.child = spawn(program, args, { env: { ...process.env, ...withStore(environment) }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    const killIt = () => this.child.kill('SIGKILL');
    process.once('exit', killIt);
    this.ended = new Promise((resolve) =>
      this.child.on('close', (code) => {
        process.removeListener('exit', killIt);
        resolve(code);
      }),
    );
  }

  async url(): Promise<string> {
    for (let i = 0; i < START_SECONDS * 50; i++) {
      const found = /https?:\/\/[0-9.]+:\d+/.exec(this.output);
      if (found) return found[0];
      if (this.child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.child.kill('SIGKILL');
    throw new Error(`it does not serve:\n${this.output}`);
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    const killer = setTimeout(() => this.child.kill('SIGKILL'), STOP_SECONDS * 1000);
    const code = await this.ended;
    clearTimeout(killer);
    return code;
  }
}
