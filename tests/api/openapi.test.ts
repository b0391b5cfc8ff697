// The document itself, and every GET route as everybody.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { City } from '../support/city.ts';
import { cast, collectIds, fill } from '../support/roles.ts';

let city: City;
before(async () => (city = await City.open('openapi')));
after(() => city?.close());

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(city.api.document));
  assert.ok(result.valid, JSON.stringify(result.errors));
  assert.equal(validator.version, '3.1');
});

test('every route states permission, roles, duties, and a summary in both languages', () => {
  assert.ok(city.api.routes.length > 150);
  for (const route of city.api.routes) {
    const operation = city.api.document.paths[route.path][route.method.toLowerCase()];
    const what = `${route.method} ${route.path}`;
    assert.ok(route.permission.length > 0 && Array.isArray(route.roles) && route.roles.length > 0, what);
    assert.ok(Array.isArray(route.duties), what);
    assert.match(operation.summary, /\p{Script=Han}/u, what);
    assert.match(operation.description, /^[A-Z]/, what);
    if (operation['x-dukou-clause']) assert.match(operation['x-dukou-clause'].locator, /^[一二三]/, what);
  }
});

test('the document the program prints is the one the server gives', async () => {
  const printed = await city.dukou('openapi');
  assert.equal(printed.code, 0);
  assert.deepEqual(JSON.parse(printed.out), city.api.document);
});

test('every GET route answers every role by its schema, with 200, 401, 403 or 404', async () => {
  const ids = await collectIds(city);
  let found = 0;
  for (const route of city.api.routes.filter((one) => one.method === 'GET' && !one.events)) {
    for (const path of fill(route, ids))
      for (const player of await cast(city)) {
        const reply = await player.client.get(path);
        // A verification product has no table: that is a conflict.
        const may = path.endsWith('/table') ? [200, 401, 403, 404, 409] : [200, 401, 403, 404];
        assert.ok(may.includes(reply.status), `${player.login} ${path}: ${reply.status} ${reply.text}`);
        if (reply.status === 200) found++;
      }
  }
  assert.ok(found > 300, `only ${found} replies with content`);
});

test('lists and objects that hold something were among them', async () => {
  const ids = await collectIds(city);
  for (const kind of ['parties', 'resources', 'entries', 'authorisations', 'selections', 'agreements', 'admissions'])
    assert.ok(ids.get(kind)!.length > 0, kind);
  for (const kind of ['requests', 'rooms', 'imports', 'queries', 'products', 'orders', 'bills', 'documents', 'rules'])
    assert.ok(ids.get(kind)!.length > 0, kind);
});
