// Bad bodies, made from a schema.
import { creditCode } from './identifiers.ts';
import type { Api, Schema } from './openapi.ts';

export type Bad = { what: string; raw: Buffer; field?: string }; // field: the place that the refusal must name

const DEEP = 10_000;

function sampleText(schema: Schema): string {
  if (schema.enum) return schema.enum[0];
  if (schema.format === 'date') return '2026-03-01';
  if (schema.format === 'date-time') return '2026-03-01T00:00:00Z';
  if (schema.pattern === '^[0-9A-HJ-NP-RTUWXY]{18}$') return creditCode('91420100MA4KWKXX0');
  if (schema.pattern?.startsWith('^[a-z0-9]') || schema.pattern?.startsWith('^[A-Za-z0-9]')) return 'sample-1';
  if (schema.pattern?.startsWith('^[0-9a-f]{64}')) return 'ab'.repeat(32);
  return '测试';
}

// A value that fits the schema, with its required members or all of them.
export function sample(api: Api, given: Schema, all = true): any {
  const schema = api.resolve(given);
  if (schema.anyOf) return sample(api, schema.anyOf[0], all);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object': {
      const names = Object.keys(schema.properties ?? {}).filter((name) => all || schema.required?.includes(name));
      return Object.fromEntries(names.map((name) => [name, sample(api, schema.properties[name], all)]));
    }
    case 'array':
      return [sample(api, schema.items ?? {}, all)];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'string':
      return sampleText(schema);
    default:
      return {};
  }
}

function typesOf(api: Api, given: Schema): string[] {
  const schema = api.resolve(given);
  if (schema.anyOf) return schema.anyOf.flatMap((one: Schema) => typesOf(api, one));
  return schema.type === undefined ? [] : [schema.type].flat();
}

const wrongTypes: [string, string][] = [
  ['null', 'null'], ['boolean', 'true'], ['string', '"甲"'], ['number', '3.5'], ['array', '[[]]'], ['object', '{"a":{}}'],
];

function isOf(value: string, types: string[]): boolean {
  return types.includes(value) || (value === 'number' && types.includes('number'));
}

// Texts of JSON to stand in place of one member.
function badValues(api: Api, given: Schema): [string, string][] {
  const schema = api.resolve(given);
  const types = typesOf(api, schema);
  if (types.length === 0) return [];
  const values = wrongTypes.filter(([type]) => !isOf(type, types)).map(([type, text]): [string, string] => [`a ${type}`, text]);
  if (types.includes('integer')) values.push(['half a number', '1.5'], ['a huge number', '1e999'], ['more than 64 bits', '9223372036854775808']);
  if (schema.minimum !== undefined) values.push(['less than the least', String(schema.minimum - 1)]);
  if (schema.maximum !== undefined) values.push(['more than the most', String(schema.maximum + 1)]);
  if (schema.maxLength !== undefined) values.push(['too long', JSON.stringify('长'.repeat(schema.maxLength + 1))]);
  if (schema.enum) values.push(['not one of them', '"no such word"']);
  if (schema.format === 'date') values.push(['a day that is none', '"2026-02-30"'], ['a day in words', '"明天"']);
  if (schema.format === 'date-time') values.push(['an instant that is none', '"2026-02-30T25:61:00Z"']);
  if (types.includes('string') && !schema.enum) values.push(['a NUL', '"a\\u0000b"'], ['half a character', '"\\ud83d"']);
  if (types.includes('array') && schema.maxItems) values.push(['too many', `[${'0,'.repeat(schema.maxItems)}0]`]);
  return values;
}

function printed(members: Record<string, unknown>, replace: string, by: string): string {
  const parts = Object.entries(members).map(([name, value]) => `${JSON.stringify(name)}:${name === replace ? by : JSON.stringify(value)}`);
  return `{${parts.join(',')}}`;
}

function* badMembers(api: Api, schema: Schema, whole: Record<string, unknown>): Generator<Bad> {
  for (const [name, member] of Object.entries<Schema>(schema.properties ?? {})) {
    for (const [what, text] of badValues(api, member))
      yield { what: `${name}: ${what}`, raw: Buffer.from(printed(whole, name, text)), field: `/${name}` };
    const twice = printed(whole, '', '').replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(whole[name])}}`);
    yield { what: `${name} twice`, raw: Buffer.from(twice) };
    yield { what: `${name}: NaN`, raw: Buffer.from(printed(whole, name, 'NaN')) };
  }
  for (const name of schema.required ?? []) {
    const { [name]: _, ...rest } = whole;
    yield { what: `${name} missing`, raw: Buffer.from(JSON.stringify(rest)), field: `/${name}` };
  }
}

function* badTexts(whole: Record<string, unknown>): Generator<Bad> {
  const good = JSON.stringify(whole);
  const texts: [string, string][] = [
    ['nothing', ''], ['no JSON', 'hello'], ['half of it', good.slice(0, -1)], ['null', 'null'], ['a list', '[]'],
    ['a word', '"a"'], ['a number', '42'], ['more after it', `${good} {}`], ['a comma too many', good.replace(/\}$/, ',}')],
    ['nested deep', `{"a":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`], ['nested deep and open', '{"a":'.repeat(DEEP)],
    ['Infinity', '{"a":Infinity}'], ['a comment', `/* */${good}`], ['single quotes', "{'a':1}"],
  ];
  for (const [what, text] of texts) yield { what, raw: Buffer.from(text) };
  yield { what: 'an unknown member', raw: Buffer.from(JSON.stringify({ ...whole, 'no such member': 1 })), field: '/no such member' };
  yield { what: 'a byte order mark', raw: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(good)]) };
  yield { what: 'GBK', raw: Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xce, 0xe4, 0xba, 0xba]), Buffer.from('"}')]) };
  yield { what: 'UTF-16', raw: Buffer.from(good, 'utf16le') };
  yield { what: 'over-long UTF-8', raw: Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]) };
}

export function badBodies(api: Api, schema: Schema): Bad[] {
  const whole = sample(api, schema);
  return [...badTexts(whole), ...badMembers(api, schema, whole)];
}
