// A small HTTP client that shows the reply as it came. Every reply to a route of the API is held against the
// schema that the OpenAPI document declares for it.
import assert from 'node:assert/strict';
import { Agent, request as send, type IncomingHttpHeaders } from 'node:http';
import type { Api } from './openapi.ts';

export type Reply = {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  json: any; // undefined when the reply is no JSON
};

export type Sent = { json?: unknown; raw?: string | Buffer; type?: string; headers?: Record<string, string> };

const WAIT_SECONDS = 60;
// The server ends what is idle for LIMIT_IDLE_SECONDS (30); a connection that it is about to end is not used again.
const IDLE_SECONDS = 20;

export class Client {
  readonly url: string;
  readonly api: Api | null;
  readonly headers: Record<string, string>;
  readonly #agent: Agent;

  constructor(url: string, api: Api | null, headers: Record<string, string> = {}, agent?: Agent) {
    this.url = url;
    this.api = api;
    this.headers = headers;
    this.#agent = agent ?? new Agent({ keepAlive: true, maxSockets: 16, timeout: IDLE_SECONDS * 1000 });
  }

  with(headers: Record<string, string>): Client {
    return new Client(this.url, this.api, { ...this.headers, ...headers }, this.#agent);
  }

  // `path` below /api, or absolute when it begins with "//".
  async call(method: string, path: string, sent: Sent = {}): Promise<Reply> {
    const place = path.startsWith('//') ? path.slice(1) : `/api${path}`;
    const body = sent.raw ?? (sent.json === undefined ? undefined : JSON.stringify(sent.json));
    const type = sent.type ?? (body === undefined ? undefined : 'application/json');
    const headers: Record<string, string> = { ...this.headers, ...sent.headers };
    if (type !== undefined && type !== '') headers['Content-Type'] = type;
    if (body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(body));
    const reply = await this.#exchange(method, place, headers, body);
    this.api?.check(method, place, reply);
    return reply;
  }

  #exchange(method: string, place: string, headers: Record<string, string>, body?: string | Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const options = { method, path: place, headers, agent: this.#agent, timeout: WAIT_SECONDS * 1000 };
      const url = new URL(this.url);
      const out = send({ host: url.hostname, port: url.port, ...options }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(parts);
          const text = bytes.toString('utf8');
          const isJson = /json/.test(response.headers['content-type'] ?? '') && text !== '';
          const json = isJson ? JSON.parse(text) : undefined;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text, json });
        });
      });
      out.on('timeout', () => out.destroy(new Error(`${method} ${place}: no reply in ${WAIT_SECONDS} s`)));
      out.on('error', reject);
      out.end(body);
    });
  }

  get(path: string, headers?: Record<string, string>): Promise<Reply> {
    return this.call('GET', path, { headers });
  }

  post(path: string, json: unknown = {}, headers?: Record<string, string>): Promise<Reply> {
    return this.call('POST', path, { json, headers });
  }

  put(path: string, raw: string | Buffer): Promise<Reply> {
    return this.call('PUT', path, { raw, type: 'application/octet-stream' });
  }

  // A step that must work: its reply's JSON.
  async does(method: string, path: string, json?: unknown): Promise<any> {
    const reply = await this.call(method, path, { json });
    assert.ok(reply.status >= 200 && reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.json;
  }

  async upload(title: string, kind: string, content: string | Buffer): Promise<any> {
    const path = `/documents?title=${encodeURIComponent(title)}&kind=${kind}`;
    const reply = await this.call('POST', path, { raw: content, type: 'application/octet-stream' });
    assert.equal(reply.status, 201, reply.text);
    return reply.json;
  }

  // All items of a list, page by page.
  async all(path: string, limit = 100): Promise<any[]> {
    const items: any[] = [];
    let cursor: string | null = null;
    do {
      const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: any = await this.does('GET', `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${more}`);
      assert.ok(page.items.length <= limit);
      items.push(...page.items);
      cursor = page.next;
    } while (cursor !== null);
    return items;
  }

  close(): void {
    this.#agent.destroy();
  }
}
