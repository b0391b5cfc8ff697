// What the program says of itself: clauses, permissions, workflows.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { run } from '../support/process.ts';

function rows(text: string): string[][] {
  return text.trimEnd().split('\n').map((line) => line.split('\t'));
}

test('dukou clauses has one row for each clause of the table, with a state that its columns bear out', async () => {
  const printed = await run(['clauses']);
  assert.equal(printed.code, 0);
  const [head, ...clauses] = rows(printed.out);
  assert.deepEqual(head, ['clause', 'symbol', 'locator', 'title', 'state', 'where', 'test']);
  const table = rows(await readFile(new URL('../../law/wuhan.tsv', import.meta.url), 'utf8'));
  const names = table.slice(1).filter((row) => !row[0]!.startsWith('#')).map((row) => row[0]);
  assert.deepEqual(clauses.map((row) => row[0]).toSorted(), names.toSorted());
  for (const [clause, symbol, locator, title, state, where, proof] of clauses) {
    assert.match(symbol!, /^[A-Z][A-Z0-9_]*$/, clause);
    assert.match(locator!, /^(一|二\([一二三四五六]\)\d?|三|\p{Script=Han}{4,}( \d{4})?)$/u, clause);
    assert.ok(title!.length > 0, clause);
    assert.ok(['enforced', 'partial', 'open'].includes(state!), `${clause}: ${state}`);
    if (state === 'enforced') assert.ok(where!.length > 1 && proof!.length > 1, `${clause}: where and test`);
  }
});

test('every workflow is drawn for Graphviz and for Mermaid', async () => {
  const listed = await run(['workflow']);
  assert.equal(listed.code, 2);
  const names = [...listed.err.matchAll(/^ {2}(\w+) /gm)].map((found) => found[1]!);
  assert.ok(names.length >= 10, listed.err);
  for (const name of names) {
    const [dot, mermaid] = [await run(['workflow', name]), await run(['workflow', name, '--mermaid'])];
    assert.equal(dot.code, 0);
    checkGraph(name, dot.out);
    assert.match(mermaid.out, /^(---\n[^]*?\n---\n)?(stateDiagram-v2|flowchart|graph)\n/, name);
    const arrows = (text: string, arrow: RegExp) => (text.match(arrow) ?? []).length;
    assert.ok(arrows(dot.out, /->/g) > 0 && arrows(mermaid.out, /-->/g) > 0, name);
  }
});

// The outer shape of a digraph: braces and quotes in balance, each statement a node, an edge or a setting.
function checkGraph(name: string, text: string): void {
  assert.match(text, /^digraph [\w"]+ \{\n[\s\S]*\}\s*$/, name);
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, 'Q');
  assert.ok(!bare.includes('"'), `${name}: a quote is open`);
  assert.equal(bare.split('{').length, bare.split('}').length, name);
  for (const line of bare.trim().split('\n').slice(1, -1).filter((one) => one.trim() !== ''))
    assert.match(line.trim(), /^(\w+( -> \w+)?( ?\[[^\]]*\])?|\w+ ?= ?\w+);$/, `${name}: ${line}`);
}

test('a command, a workflow or an option that is none is refused with the way to find the right one', async () => {
  for (const args of [['nothing'], ['workflow', 'nothing'], ['audit', 'nothing'], ['backup'], ['keys'], ['init', 'x'], []]) {
    const ran = await run(args);
    assert.equal(ran.code, 2, args.join(' '));
    assert.match(ran.err, /dukou/, args.join(' '));
  }
});

test('help names every command', async () => {
  const help = await run(['help']);
  assert.equal(help.code, 0);
  for (const name of ['serve', 'init', 'city', 'demo', 'source', 'audit', 'keys', 'backup', 'restore', 'openapi', 'permissions', 'clauses', 'workflow'])
    assert.match(help.out, new RegExp(`dukou ${name} `), name);
});
