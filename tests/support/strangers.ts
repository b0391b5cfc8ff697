// Parties that have to do with nothing in the city: one of each role that has objects of its own, with every duty.
import assert from 'node:assert/strict';
import type { City } from './city.ts';
import { creditCode } from './identifiers.ts';
import type { Player } from './roles.ts';

const PASSWORD = 'a long phrase of strangers';
const DUTIES = ['clerk', 'approver', 'reviewer'];

async function tokenOf(city: City, login: string): Promise<string> {
  const made = await city.anyone.does('POST', '/session/token', { login, password: PASSWORD, title: 'stranger', days: 30 });
  city.secrets.push(made.token);
  return made.token;
}

async function introduce(city: City, login: string): Promise<Player> {
  const client = city.anyone.with({ Authorization: `Bearer ${await tokenOf(city, login)}` });
  const session = await client.does('GET', '/session');
  return { login, role: session.role, duties: session.duties, party: session.party, client };
}

async function activate(city: City, login: string, duties: string[]): Promise<void> {
  const accounts = await city.as('security-admin').all('/accounts');
  const account = accounts.find((one) => one.login === login);
  assert.ok(account, login);
  await city.as('security-admin').does('POST', `/accounts/${account.id}/activate`, { duties });
}

export async function newStranger(city: City, role: string, number = 1): Promise<Player> {
  const login = `stranger-${role}-${number}`;
  const registered = { role, name: `陌生单位${role}${number}`, credit_code: creditCode(`91420100MA${role.slice(0, 2).toUpperCase().replace(/[IOSVZ]/g, 'X')}${String(number).padStart(5, '0')}`), login, password: PASSWORD, account_name: '经办' };
  const party = await city.anyone.does('POST', '/parties', registered);
  await city.as('bureau-clerk').does('POST', `/parties/${party.id}/accept`, {});
  await activate(city, login, DUTIES);
  return introduce(city, login);
}

// The agent of that provider.
export async function newSource(city: City, provider: Player): Promise<Player> {
  const login = `${provider.login}-source`;
  await provider.client.does('POST', '/accounts', { login, password: PASSWORD, name: '源端代理', duties: [], source_agent: true });
  await activate(city, login, []);
  return introduce(city, login);
}

export async function strangers(city: City): Promise<Player[]> {
  const players: Player[] = [];
  for (const role of ['provider', 'operator', 'developer', 'customer', 'exchange']) players.push(await newStranger(city, role));
  players.push(await newSource(city, players[0]!));
  return players;
}
