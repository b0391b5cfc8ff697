// Load on a city, with a journal of what was asked and what was answered. Everybody does one thing after another until
// told to stop, or until nobody answers any more.
import { createHash } from 'node:crypto';
import { Agent, request as open } from 'node:http';
import { account } from '../support/city.ts';
import type { Base } from './base.ts';

export type Asked = {
  what: string; // 'document', 'call', …
  login: string;
  method: string;
  path: string;
  body?: Buffer;
  type?: string;
  key?: string; // Idempotency-Key
  note?: any; // what the verdict needs besides
  status?: number; // undefined: no answer came
  reply?: any;
  text?: string;
};

// The same numbers for the same seed.
export class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed * 2654435761) >>> 0;
  }
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (((x ^ (x >>> 14)) >>> 0) * bound) / 4294967296 | 0;
  }
}

export class Link {
  readonly url: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });
  constructor(url: string) {
    this.url = new URL(url);
  }

  // Fills in the answer; leaves it open when the connection ends before.
  send(asked: Asked): Promise<Asked> {
    const headers: Record<string, string> = { Authorization: `Bearer ${account(asked.login).token}` };
    if (asked.type !== undefined) headers['Content-Type'] = asked.type;
    if (asked.body !== undefined) headers['Content-Length'] = String(asked.body.length);
    if (asked.key !== undefined) headers['Idempotency-Key'] = asked.key;
    return new Promise((resolve) => {
      const out = open({ host: this.url.hostname, port: this.url.port, method: asked.method, path: `/api${asked.path}`, headers, agent: this.#agent, timeout: 30_000 }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', () => resolve(asked));
        response.on('end', () => {
          if (response.complete) {
            asked.status = response.statusCode!;
            asked.text = Buffer.concat(parts).toString('utf8');
            asked.reply = /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(asked.text) : undefined;
          }
          resolve(asked);
        });
        response.on('close', () => resolve(asked));
      });
      out.on('timeout', () => out.destroy());
      out.on('error', () => resolve(asked));
      out.end(asked.body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

export function json(value: unknown): Pick<Asked, 'body' | 'type'> {
  return { body: Buffer.from(JSON.stringify(value)), type: 'application/json' };
}

export class Load {
  readonly journal: Asked[] = [];
  readonly #base: Base;
  readonly #link: Link;
  readonly #chance: Chance;
  readonly #seed: number;
  #stopped = false;
  #number = 0;
  #players: Promise<void>[] = [];

  constructor(base: Base, url: string, seed: number) {
    this.#base = base;
    this.#link = new Link(url);
    this.#chance = new Chance(seed + 1);
    this.#seed = seed;
  }

  start(): void {
    const plays: (() => Promise<boolean>)[] = [
      () => this.#document('bureau-clerk'), () => this.#document('developer-clerk'), () => this.#resource(),
      () => this.#call(), () => this.#call(), () => this.#call(), () => this.#bill(), () => this.#query(), () => this.#import(),
    ];
    for (const play of plays) this.#players.push(this.#play(play));
    this.#players.push(this.#deliver(), this.#closeRooms());
  }

  // Resolves when everybody has had their last answer, or none.
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#players);
    this.#link.close();
  }

  async #play(play: () => Promise<boolean>): Promise<void> {
    while (!this.#stopped && (await play())) continue;
  }

  #name(what: string): string {
    return `${what}-${this.#seed}-${this.#number++}`;
  }

  // False when nobody answers.
  async #ask(asked: Omit<Asked, 'status' | 'reply' | 'text'>): Promise<Asked> {
    const kept: Asked = { ...asked };
    this.journal.push(kept);
    return this.#link.send(kept);
  }

  async #document(login: string): Promise<boolean> {
    const title = this.#name('document');
    const bytes = createHash('sha512').update(title).digest();
    const body = Buffer.alloc(1 + this.#chance.below(20_000), bytes);
    const asked = await this.#ask({ what: 'document', login, method: 'POST', path: `/documents?title=${title}&kind=material`, body, type: 'application/octet-stream', key: `key-of-a-${title}`, note: { title } });
    return asked.status !== undefined;
  }

  async #resource(): Promise<boolean> {
    const code = this.#name('R').toUpperCase();
    const items = [
      { name: 'citizen_number', title: '号码', type: 'text', nullable: true, use: 'key', level: 4, sensitive: 'citizen_number' },
      { name: 'amount', title: '数', type: 'integer', nullable: true, use: 'measure', level: 1 },
    ];
    const made = await this.#ask({
      what: 'resource', login: 'police-clerk', method: 'POST', path: '/resources', key: `key-of-a-resource-${code}-made`, note: { code },
      ...json({ code, title: code, abstract: '测试', category: '测试/测试/测试', industry: '测试', region: '全市', format: 'CSV', share_type: 'conditional', openness: '有条件开放', share_mode: '调用', update_cycle_days: 365, personal: true, origin: 'original', subject_item: 'citizen_number', subject_kind: 'resident', updated_day: '2026-11-01', items }),
    });
    const id = made.reply?.id;
    for (const [event, login, body] of [['register', 'police-clerk', {}], ['withdraw', 'police-approver', { reason: '测试' }]] as const) {
      if (id === undefined || this.#stopped) break;
      const step = await this.#ask({ what: 'step', login, method: 'POST', path: `/resources/${id}/${event}`, key: `key-of-a-resource-${code}-${event}`, note: { id, event }, ...json(body) });
      if (step.status === undefined) return false;
      if (step.status >= 300) break;
    }
    return made.status !== undefined;
  }

  async #call(): Promise<boolean> {
    const key = this.#name('key-of-a-call-to-meter');
    const call = { what: 'call', login: 'customer-clerk', method: 'POST', path: `/products/${this.#base.product}/calls`, key, ...json({ subject: this.#base.subject }) };
    const twice = this.#chance.below(4) === 0; // an impatient customer
    const answers = await Promise.all(twice ? [this.#ask(call), this.#ask(call)] : [this.#ask(call)]);
    return answers[0]!.status !== undefined;
  }

  async #bill(): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, 20 + this.#chance.below(30)));
    const asked = await this.#ask({ what: 'bill', login: 'operator-clerk', method: 'POST', path: `/orders/${this.#base.order}/bill`, key: this.#name('key-of-a-bill-to-send'), ...json({}) });
    return asked.status !== undefined;
  }

  async #query(): Promise<boolean> {
    const sql = 'SELECT insurance.insurance, COUNT(*) AS n FROM insurance GROUP BY insurance.insurance';
    const asked = await this.#ask({ what: 'query', login: 'developer-clerk', method: 'POST', path: `/rooms/${this.#base.room}/queries`, key: this.#name('key-of-a-query-to-run'), ...json({ sql }) });
    await new Promise((resolve) => setTimeout(resolve, 40));
    return asked.status !== undefined;
  }

  async #import(): Promise<boolean> {
    const table = this.#name('own').replaceAll('-', '_');
    const columns = [{ name: 'district', type: 'text', use: 'key' }, { name: 'zone', type: 'text', use: 'dimension' }];
    const made = await this.#ask({ what: 'import', login: 'developer-clerk', method: 'POST', path: `/rooms/${this.#base.room}/imports`, key: `key-of-an-import-${table}`, note: { table }, ...json({ title: table, table_name: table, columns }) });
    if (made.reply?.id === undefined) return made.status !== undefined;
    const content = Buffer.from(`district,zone\n${'江岸区,中心\n'.repeat(20)}`);
    const put = await this.#ask({ what: 'content', login: 'developer-clerk', method: 'PUT', path: `/imports/${made.reply.id}/content`, body: content, type: 'application/octet-stream', note: { id: made.reply.id } });
    return put.status !== undefined;
  }

  async #deliver(): Promise<void> {
    for (const { order, sealed } of this.#base.deliveries) {
      if (this.#stopped) return;
      const asked = await this.#ask({ what: 'slice', login: 'land-source', method: 'PUT', path: `/source/orders/${order}/slice`, body: sealed, type: 'application/octet-stream', note: { order } });
      if (asked.status === undefined) return;
    }
  }

  async #closeRooms(): Promise<void> {
    for (const room of this.#base.rooms) {
      await new Promise((resolve) => setTimeout(resolve, this.#chance.below(120)));
      if (this.#stopped) return;
      const asked = await this.#ask({ what: 'close', login: 'operator-clerk', method: 'POST', path: `/rooms/${room}/close`, key: this.#name('key-of-a-room-to-close'), note: { room }, ...json({ reason: '测试' }) });
      if (asked.status === undefined) return;
    }
  }
}
