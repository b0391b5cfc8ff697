// The OpenAPI document as the server gives it, read for tests: its routes, and a check of every reply.
import assert from 'node:assert/strict';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Reply } from './client.ts';

export type Schema = any;

export type Route = {
  method: string;
  path: string; // "/products/{id}"
  roles: string[];
  duties: string[];
  permission: string;
  owner: string | undefined;
  handOver: boolean; // stays with the account that an operator keeps for its hand-over
  body: Schema | undefined; // of a JSON body
  upload: boolean;
  list: boolean;
  events: boolean;
  parameters: any[];
  pattern: RegExp;
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

function matcher(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`);
}

function pointer(...parts: string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');
}

export class Api {
  readonly document: any;
  readonly routes: Route[];
  readonly #ajv: Ajv2020;
  readonly #checks = new Map<string, ValidateFunction>();

  constructor(document: any) {
    this.document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    (formats as any)(this.#ajv);
    this.#ajv.addSchema(document, 'api');
    this.routes = Object.entries<any>(document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => this.#route(path, method, item[method])),
    );
  }

  #route(path: string, method: string, operation: any): Route {
    const content = operation.requestBody?.content ?? {};
    const replies = Object.values<any>(operation.responses).flatMap((one) => Object.entries<any>(one.content ?? {}));
    const json = replies.find(([type]) => type === 'application/json')?.[1].schema;
    return {
      method: method.toUpperCase(),
      path,
      roles: operation['x-dukou-roles'],
      duties: operation['x-dukou-duties'],
      permission: operation['x-dukou-permission'],
      owner: operation['x-dukou-owner'],
      handOver: operation['x-dukou-hand-over'] === true,
      body: content['application/json'] && this.resolve(content['application/json'].schema),
      upload: 'application/octet-stream' in content,
      list: json?.properties?.next !== undefined && json?.properties?.items !== undefined,
      events: replies.some(([type]) => type === 'text/event-stream'),
      parameters: operation.parameters.map((parameter: any) => this.resolve(parameter)),
      pattern: matcher(path),
    };
  }

  resolve(schema: Schema): Schema {
    if (typeof schema?.$ref !== 'string') return schema;
    return schema.$ref
      .slice(2)
      .split('/')
      .reduce((at: any, part: string) => at[part], this.document);
  }

  // The path with the fewest parameters wins, as in the router.
  find(method: string, place: string): Route | undefined {
    const path = place.replace(/^\/api/, '').replace(/\?.*$/, '');
    const looked = method === 'HEAD' ? 'GET' : method;
    const found = this.routes.filter((route) => route.method === looked && route.pattern.test(path));
    return found.sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
  }

  validator(...place: string[]): ValidateFunction {
    const at = pointer(...place);
    let check = this.#checks.get(at);
    if (check === undefined) this.#checks.set(at, (check = this.#ajv.compile({ $ref: `api#${at}` })));
    return check;
  }

  holds(what: string, value: unknown, ...place: string[]): void {
    const check = this.validator(...place);
    assert.ok(check(value), `${what}: ${JSON.stringify(check.errors?.slice(0, 3))} in ${JSON.stringify(value)}`);
  }

  check(method: string, place: string, reply: Reply): void {
    const what = `${method} ${place} ${reply.status}`;
    assert.ok(reply.status < 500 || reply.status === 503, `${what}: ${reply.text}`);
    if (method === 'HEAD') assert.equal(reply.bytes.length, 0, `${what}: a body`);
    if (method === 'HEAD' || reply.status === 304) return;
    if (reply.status >= 400) return this.checkProblem(what, reply);
    const route = this.find(method, place);
    if (route === undefined || !place.startsWith('/api/')) return;
    const responses = this.document.paths[route.path][route.method.toLowerCase()].responses;
    const status = String(reply.status) in responses ? String(reply.status) : '2XX';
    assert.ok(status in responses, `${what}: not declared`);
    if (responses[status].content === undefined)
      return assert.equal(reply.bytes.length, 0, `${what}: a body where none is declared`);
    const type = (reply.headers['content-type'] ?? '').replace(/;.*/, '');
    const types = Object.keys(responses[status].content);
    if (!types.includes('application/json')) return;
    assert.ok(types.includes(type), `${what}: ${type} is not declared`);
    const at = ['paths', route.path, route.method.toLowerCase(), 'responses', status, 'content', type, 'schema'];
    this.holds(what, reply.json, ...at);
  }

  checkProblem(what: string, reply: Reply): void {
    assert.match(reply.headers['content-type'] ?? '', /^application\/problem\+json/, `${what}: ${reply.text}`);
    this.holds(what, reply.json, 'components', 'schemas', 'problem');
    assert.equal(reply.json.status, reply.status, what);
    assert.match(reply.json.zh.reason, /\p{Script=Han}/u, what);
    assert.match(reply.json.zh.remedy, /\p{Script=Han}/u, what);
    assert.match(reply.json.en.reason, /[A-Za-z]/, what);
    assert.match(reply.json.en.remedy, /[A-Za-z]/, what);
  }
}
