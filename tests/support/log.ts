// What the server prints: lines of JSON of the declared fields, whose values come out of its own tables. A path as it
// came, a query, an address, an account or a name fits none of them.
import assert from 'node:assert/strict';

const FIELDS: Record<string, (value: unknown, routes: Set<string>) => boolean> = {
  time: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(String(value)),
  level: (value) => ['error', 'warning', 'info', 'debug'].includes(String(value)),
  event: (value) => ['request', 'ready', 'stopping', 'not well', 'well again', 'seal', 'leads', 'follows', 'alive', 'interrupted queries', 'overdue updates', 'late reports', 'exchange orders'].includes(String(value)),
  method: (value) => ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', '?'].includes(String(value)),
  route: (value, routes) => value === '-' || routes.has(String(value)),
  status: (value) => Number.isInteger(value) && Number(value) >= 200 && Number(value) < 600,
  milliseconds: (value) => typeof value === 'number' && value >= 0 && value < 1e7,
  request: (value) => /^[0-9a-f]{16}$/.test(String(value)),
  entry: (value) => Number.isInteger(value) && Number(value) >= 0,
  result: (value) => /^[A-Z]+(_[A-Z]+)*$/.test(String(value)),
};

export type Line = Record<string, unknown>;

// The lines of the log; throws when one says anything else.
export function checkLog(output: string, routes: Set<string>): Line[] {
  const lines: Line[] = [];
  for (const text of output.split('\n')) {
    if (text === '' || /^渡口 Dukou$|^  (https?:\/\/|home )|^备份之后的 \d+ 条/.test(text)) continue;
    assert.ok(text.startsWith('{'), `no line of the log: ${text}`);
    const line: Line = JSON.parse(text);
    for (const [name, value] of Object.entries(line)) {
      const fits = FIELDS[name];
      assert.ok(fits !== undefined, `the log has no field ${name}: ${text}`);
      assert.ok(fits(value, routes), `${name} of the log: ${text}`);
    }
    for (const name of ['time', 'level', 'event']) assert.ok(name in line, `without ${name}: ${text}`);
    lines.push(line);
  }
  return lines;
}
