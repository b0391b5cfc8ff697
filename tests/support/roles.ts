// Everybody who can call, and numbers of objects that are there.
import type { City } from './city.ts';
import type { Client } from './client.ts';
import type { Route } from './openapi.ts';

export type Player = { login: string; role: string; duties: string[]; party: number; client: Client };

// An account of every role, and of every duty.
export const everybody = [
  'bureau-clerk', 'bureau-approver', 'hrss-clerk', 'hrss-approver', 'hrss-source', 'operator-clerk',
  'operator-reviewer', 'operator-approver', 'candidate-clerk', 'developer-clerk', 'customer-clerk',
  'regulator-clerk', 'government-clerk', 'system-admin', 'security-admin', 'audit-admin',
];

const casts = new WeakMap<City, Promise<Player[]>>();

async function introduce(city: City): Promise<Player[]> {
  const players: Player[] = [{ login: 'nobody', role: 'public', duties: [], party: 0, client: city.anyone }];
  for (const login of everybody) {
    const session = await city.as(login).does('GET', '/session');
    players.push({ login, role: session.role, duties: session.duties, party: session.party, client: city.as(login) });
  }
  return players;
}

// The public first, and then everybody.
export function cast(city: City): Promise<Player[]> {
  let found = casts.get(city);
  if (found === undefined) casts.set(city, (found = introduce(city)));
  return found;
}

// Whether the route's own words let this caller through the gate.
export function mayCall(route: Route, player: Player): boolean {
  if (!route.roles.includes(player.role)) return false;
  return route.duties.length === 0 || player.role === 'public' || route.duties.some((duty) => player.duties.includes(duty));
}

export async function whoMay(city: City, route: Route): Promise<Player | undefined> {
  const players = (await cast(city)).filter((player) => mayCall(route, player));
  return players.find((player) => player.role !== 'public') ?? players[0];
}

export const NOWHERE = 999_999_999;
const IDS_EACH = 2;

// By the first word of a path ("products"): numbers that some caller can see.
export async function collectIds(city: City): Promise<Map<string, number[]>> {
  const ids = new Map<string, number[]>();
  const add = (kind: string, found: any[]) => {
    const numbers = [...(ids.get(kind) ?? []), ...found.map((item) => Number(item.id)).filter((id) => id > 0)];
    ids.set(kind, [...new Set(numbers)].slice(0, IDS_EACH));
  };
  for (const route of city.api.routes.filter((one) => one.list && one.method === 'GET' && !one.path.includes('{')))
    for (const player of await cast(city))
      if (mayCall(route, player)) {
        const reply = await player.client.get(route.path);
        if (reply.status === 200) add(route.path.slice(1), reply.json.items);
      }
  for (const room of ids.get('rooms') ?? [])
    for (const kind of ['imports', 'queries']) {
      const reply = await city.as('developer-clerk').get(`/rooms/${room}/${kind}`);
      if (reply.status === 200) add(kind, reply.json.items);
    }
  return ids;
}

// The route's path with numbers in it, one that is nowhere among them; and what a query string must have.
export function fill(route: Route, ids: Map<string, number[]>): string[] {
  const kind = route.path.split('/')[1]!;
  const numbers = route.path.includes('{') ? [...(ids.get(kind) ?? []), NOWHERE] : [0];
  const required = route.parameters.filter((one) => one.in === 'query' && one.required);
  const query = required.map((one) => `${one.name}=${one.schema.enum?.[0] ?? (one.schema.type === 'integer' ? 1 : 'x')}`);
  return numbers.map((number) => route.path.replace(/\{[^}]+\}/g, String(number)) + (query.length ? `?${query.join('&')}` : ''));
}
