// Every route, every role and duty, on objects that are there: those who may not call get 401 or 403; parties that
// have nothing to do with an object get what they would get for a number that is nowhere, and change nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { stopped } from '../support/attack.ts';
import { sample } from '../support/bad.ts';
import { City } from '../support/city.ts';
import type { Reply } from '../support/client.ts';
import type { Route } from '../support/openapi.ts';
import { cast, mayCall, NOWHERE, type Player } from '../support/roles.ts';
import { content, openStore } from '../support/store.ts';
import { strangers } from '../support/strangers.ts';

let city: City;
let foreign: Player[];
let objects: Map<string, number[]>;
let unmade: string[];

// Where the numbers in paths come from: the first words of a path, and the statement that finds such objects.
const kinds: Record<string, string> = {
  '/parties': 'SELECT id FROM party',
  '/accounts': 'SELECT id FROM account WHERE party_id IS NOT NULL',
  '/tokens': 'SELECT id FROM token',
  '/delegations': 'SELECT id FROM delegation',
  '/documents': 'SELECT id FROM document',
  '/rules': 'SELECT id FROM rule',
  '/notices': 'SELECT id FROM notice',
  '/resources': 'SELECT id FROM resource',
  '/catalogue': 'SELECT id FROM entry',
  '/entries': 'SELECT id FROM entry',
  '/authorisations': 'SELECT id FROM authorisation',
  '/selections': 'SELECT id FROM selection',
  '/agreements': 'SELECT id FROM agreement',
  '/admissions': 'SELECT id FROM admission',
  '/requests': 'SELECT id FROM request',
  '/source/orders': 'SELECT id FROM request',
  '/rooms': 'SELECT id FROM room',
  '/imports': 'SELECT id FROM import',
  '/queries': 'SELECT id FROM query',
  '/products': 'SELECT id FROM product',
  '/orders': 'SELECT id FROM product_order',
  '/consents': 'SELECT id FROM consent',
  '/legal-bases': 'SELECT id FROM legal_basis',
  '/bills': 'SELECT id FROM bill',
  '/reversals': 'SELECT id FROM reversal',
};

// What is meant for parties that have nothing to do with the object yet.
const meantForAll: Record<string, string> = {
  'GET /rules/{id}': 'rules in force are for everybody who works here',
  'GET /rules/{id}/history': 'the same',
  'GET /rules/{id}/actions': 'the same',
  'GET /resources/{id}': 'listed resources are in the catalogue, which is public',
  'GET /resources/{id}/history': 'the same',
  'GET /resources/{id}/actions': 'the same',
  'GET /authorisations/{id}': 'those that are bound to no agreement are for every operator',
  'GET /authorisations/{id}/history': 'the same',
  'GET /authorisations/{id}/actions': 'the same',
  'POST /selections/{id}/scores': 'a call is public; only its scorers score',
  'POST /products/{id}/calls': 'a listed product is public; only who has an order calls it',
  'GET /products/{id}/table': 'the same',
  'POST /selections/{id}/applications': 'any operator may apply to a call that is open',
  'GET /selections/{id}/applications': 'a list of those that one may see',
  'POST /selections/{id}/objections': 'anybody may object',
  'GET /selections/{id}/scorers': 'a list',
  'GET /agreements/{id}': 'agreements are disclosed to those who work here, but for other operators',
  'GET /agreements/{id}/history': 'the same',
  'GET /agreements/{id}/actions': 'the same',
  'POST /consents/{id}/withdraw': 'whoever has the withdrawal code',
};

function kindOf(route: Route): string {
  const words = route.path.split('/');
  return words[1] === 'source' ? '/source/orders' : `/${words[1]}`;
}

async function makeMore(): Promise<void> {
  const day = (await city.as('bureau-clerk').does('GET', '/agreements?limit=1')).items[0].from_day;
  await city.as('bureau-clerk').does('POST', '/delegations', { to_login: 'bureau-approver', duties: ['clerk'], from_day: day, until_day: day, basis: '试验' });
  const bill = (await city.as('operator-clerk').all('/bills'))[0];
  await city.as('operator-clerk').call('POST', `/bills/${bill.id}/reversals`, { json: { reason: '试验' } });
  for (const player of foreign) {
    if (player.role === 'source') continue;
    await player.client.upload('陌生材料', 'other', `只给 ${player.login}`);
    await player.client.does('POST', '/delegations', { to_login: 'bureau-approver', duties: ['clerk'], from_day: day, until_day: day, basis: '试验' });
  }
  await foreign[0]!.client.does('POST', '/resources', { code: 'STRANGE-1', title: '陌生资源' });
}

before(async () => {
  city = await City.open('privilege');
  foreign = await strangers(city);
  await makeMore();
  const store = openStore(city.home);
  objects = new Map(Object.entries(kinds).map(([kind, sql]) => [kind, store.prepare(`${sql} ORDER BY id`).all().map((row: any) => Number(row.id))]));
  store.close();
  unmade = [...objects].filter(([, ids]) => ids.length === 0).map(([kind]) => kind);
});
after(() => city?.close());

// The first, the last and one between.
function some(ids: number[]): number[] {
  return [...new Set([ids[0]!, ids[Math.floor(ids.length / 2)]!, ids.at(-1)!])];
}

function attempt(route: Route, player: Player, id: number, headers: Record<string, string> = {}): Promise<Reply> {
  const required = route.parameters.filter((one) => one.in === 'query' && one.required);
  const query = required.map((one) => `${one.name}=${one.schema.enum?.[0] ?? 1}`).join('&');
  const path = route.path.replace(/\{[^}]+\}/g, String(id)) + (query === '' ? '' : `?${query}`);
  if (route.upload) return player.client.call(route.method, path, { raw: 'a,b\n1,2\n', type: 'application/octet-stream', headers });
  return player.client.call(route.method, path, { json: route.body && sample(city.api, route.body, false), headers });
}

const withObject = () => city.api.routes.filter((route) => route.path.includes('{') && !route.events);
const routesOf = (route: Route) => objects.get(kindOf(route)) ?? assert.fail(`no kind for ${route.path}`);

test('the table knows where the objects of every route come from, and says of which there are none', () => {
  for (const route of withObject()) routesOf(route);
  console.log(`no objects of: ${unmade.join(' ') || 'nothing'}`);
  assert.ok(unmade.every((kind) => ['/consents', '/legal-bases', '/reversals'].includes(kind)), unmade.join(' '));
});

test('nobody, the wrong role and the wrong duty are refused on objects that are there', async () => {
  const before = content(city.home);
  const players = [...(await cast(city)), ...foreign];
  const wrong: string[] = [];
  let tried = 0;
  for (const route of withObject())
    for (const player of players) {
      if (mayCall(route, player)) continue;
      for (const id of some(routesOf(route).length > 0 ? routesOf(route) : [NOWHERE])) {
        const reply = await attempt(route, player, id);
        tried++;
        if (reply.status !== (player.role === 'public' ? 401 : 403)) wrong.push(`${player.login} ${route.method} ${route.path} ${id}: ${reply.status}`);
      }
    }
  assert.deepEqual(wrong, []);
  assert.deepEqual(content(city.home), before);
  assert.ok(tried > 3000, String(tried));
  console.log(`${tried} calls by those who may not`);
  stopped({ chapter: 'privilege', name: 'roles and duties on objects', tried: 'Every route with an object, by the public and by every role and duty that the table does not let through, with bodies that fit.', stopped: 'http: gate.c', seen: '401 for the public, 403 for the others; nothing is changed' });
});

test('a party that has nothing to do with an object gets what it would get for a number that is nowhere', async () => {
  const before = content(city.home);
  const wrong: string[] = [];
  const through: Record<string, number> = {};
  let tried = 0;
  for (const route of withObject())
    for (const player of foreign) {
      if (!mayCall(route, player)) continue;
      if (route.roles.includes('public') && route.method === 'GET') continue;
      const own = ownOf(player, kindOf(route));
      const nowhere = await attempt(route, player, NOWHERE);
      for (const id of some(routesOf(route).filter((one) => !own.includes(one)))) {
        if (id === undefined) continue;
        const reply = await attempt(route, player, id);
        const what = `${route.method} ${route.path}`;
        tried++;
        if ([403, 404].includes(reply.status) && reply.text === nowhere.text) continue;
        // Changes may be told otherwise there, but not done.
        if (what in meantForAll && (route.method === 'GET' || reply.status >= 400)) through[what] = (through[what] ?? 0) + 1;
        else wrong.push(`${player.login} ${what} ${id}: ${reply.status} ${reply.text.slice(0, 160)}, nowhere ${nowhere.status}`);
      }
    }
  assert.deepEqual(wrong, []);
  assert.deepEqual(content(city.home), before);
  console.log(`${tried} calls on foreign objects; ${Object.values(through).reduce((a, b) => a + b, 0)} of them on what is meant for all: ${Object.keys(through).join(', ')}`);
  stopped({ chapter: 'privilege', name: 'foreign objects', tried: 'Every route with an object that its role may call, by a provider, an operator, a developer, a customer, an exchange and a source agent that have nothing to do with it, with bodies that fit.', stopped: 'the owner rule of the route', seen: '404 or 403, byte for byte the answer for a number that is nowhere; nothing is changed' });
});

// What this stranger made itself, or is.
function ownOf(player: Player, kind: string): number[] {
  const store = openStore(city.home);
  const sql: Record<string, string> = {
    '/parties': 'SELECT id FROM party WHERE id = :party',
    '/documents': 'SELECT id FROM document WHERE party_id = :party',
    '/delegations': 'SELECT id FROM delegation WHERE party_id = :party',
    '/resources': 'SELECT id FROM resource WHERE party_id = :party',
    '/tokens': 'SELECT t.id FROM token t JOIN account a ON a.id = t.account_id WHERE a.party_id = :party',
  };
  const found = kind in sql ? store.prepare(sql[kind]!).all({ party: player.party }).map((row: any) => Number(row.id)) : [];
  store.close();
  return found;
}

test('those who work in the city get no further into what the strangers made', async () => {
  const before = content(city.home);
  const wrong: string[] = [];
  let tried = 0;
  const roles = ['provider', 'operator', 'developer', 'customer'];
  for (const route of withObject().filter((one) => ['/documents', '/resources', '/tokens', '/delegations'].includes(kindOf(one))))
    for (const player of await cast(city)) {
      if (!roles.includes(player.role) || !mayCall(route, player)) continue;
      const nowhere = await attempt(route, player, NOWHERE);
      for (const stranger of foreign)
        for (const id of ownOf(stranger, kindOf(route))) {
          const reply = await attempt(route, player, id);
          tried++;
          if (![403, 404].includes(reply.status) || reply.text !== nowhere.text) wrong.push(`${player.login} ${route.method} ${route.path} ${id}: ${reply.status} ${reply.text.slice(0, 160)}`);
        }
    }
  assert.deepEqual(wrong, []);
  assert.deepEqual(content(city.home), before);
  assert.ok(tried > 100, String(tried));
  console.log(`${tried} calls on what strangers made`);
});

// By the name of a member of a body: objects of the city that a stranger could name there.
const named: Record<string, string> = {
  room_id: '/rooms', entry_id: '/entries', resource_id: '/resources', agreement_id: '/agreements', admission_id: '/admissions', selection_id: '/selections', product_id: '/products', order_id: '/orders', query_id: '/queries', import_id: '/imports', request_id: '/requests', operator_id: '/parties', party_id: '/parties', developer_id: '/parties',
};

// What a stranger may well begin with objects of others.
const mayBegin = ['POST /admissions'];

test('naming foreign objects inside a body gets a stranger no further', async () => {
  const before = content(city.home);
  const wrong: string[] = [];
  let tried = 0;
  for (const route of city.api.routes.filter((one) => one.body?.properties !== undefined && !one.path.includes('{'))) {
    const members = Object.keys(route.body.properties).filter((name) => name.endsWith('_id'));
    if (members.length === 0 || mayBegin.includes(`${route.method} ${route.path}`)) continue;
    for (const player of foreign) {
      if (!mayCall(route, player)) continue;
      for (const all of [true, false]) {
        const body = sample(city.api, route.body, all);
        for (const name of members) if (name in body) body[name] = objects.get(named[name] ?? '/documents')?.[0] ?? 1;
        const reply = await player.client.call(route.method, route.path, { json: body });
        tried++;
        if (![403, 404, 409, 422].includes(reply.status)) wrong.push(`${player.login} ${route.method} ${route.path} ${JSON.stringify(body)}: ${reply.status} ${reply.text.slice(0, 160)}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(content(city.home), before);
  assert.ok(tried >= 8, String(tried));
  console.log(`${tried} bodies that name foreign objects`);
  stopped({ chapter: 'privilege', name: 'foreign objects named in a body', tried: 'Every route whose body names objects, by strangers, with numbers of objects that others own.', stopped: 'the rules of the concepts', seen: '403, 404, 409 or 422; nothing is made' });
});

test('lists show a stranger nothing of others but what is for all', async () => {
  let seen = 0;
  for (const path of ['/requests', '/rooms', '/orders', '/bills', '/admissions', '/authorisations', '/documents', '/delegations', '/tokens', '/accounts', '/parties', '/entries', '/filings', '/ledger', '/balances', '/reversals', '/consents', '/legal-bases', '/credit-entries', '/source/orders'])
    for (const player of foreign) {
      const route = city.api.find('GET', `/api${path}`)!;
      if (!mayCall(route, player)) continue;
      const reply = await player.client.get(path);
      assert.equal(reply.status, 200, `${player.login} ${path}: ${reply.text}`);
      for (const item of reply.json.items) {
        seen++;
        const mine = [item.party_id, path === '/parties' ? item.id : undefined].includes(player.party) || ['/documents', '/tokens', '/delegations'].includes(path) || (path === '/authorisations' && player.role === 'operator' && item.agreement_id === undefined);
        assert.ok(mine, `${player.login} ${path}: ${JSON.stringify(item)}`);
      }
    }
  assert.ok(seen > 0);
  stopped({ chapter: 'privilege', name: 'lists', tried: 'Strangers ask for 20 lists.', stopped: 'the statements of the concepts', seen: 'what they made themselves, and nothing else' });
});

test('who may, reaches what is theirs: the same calls by those concerned are answered otherwise', async () => {
  let reached = 0;
  for (const route of withObject().filter((one) => one.method === 'GET'))
    for (const player of await cast(city)) {
      if (!mayCall(route, player)) continue;
      for (const id of some(routesOf(route).length > 0 ? routesOf(route) : [NOWHERE])) if ((await attempt(route, player, id)).status === 200) reached++;
    }
  assert.ok(reached > 250, String(reached));
  console.log(`${reached} objects shown to those who may see them`);
});
