// Prometheus' text form, version 0.0.4, read strictly: what a scraper tolerates is refused here.
import assert from 'node:assert/strict';

export type Sample = { name: string; labels: Record<string, string>; value: number };
export type Family = { name: string; kind: string; help: string; samples: Sample[] };

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;

function readLabels(text: string | undefined, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text ?? '';
  while (rest !== '') {
    const part = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,(?=.)|$)/.exec(rest);
    assert.ok(part, `labels: ${line}`);
    assert.match(part[1]!, LABEL);
    assert.ok(!(part[1]! in labels), `a label twice: ${line}`);
    labels[part[1]!] = part[2]!;
    rest = rest.slice(part[0].length);
  }
  return labels;
}

function readValue(text: string, line: string): number {
  if (text === '+Inf') return Infinity;
  assert.match(text, /^-?\d+(\.\d+)?(e[+-]\d+)?$/, line);
  return Number(text);
}

function checkHistogram(family: Family): void {
  const series = new Map<string, { under: [number, number][]; sum: number[]; count: number[] }>();
  for (const sample of family.samples) {
    const { le, ...others } = sample.labels;
    const key = JSON.stringify(others);
    const one = series.get(key) ?? { under: [], sum: [], count: [] };
    series.set(key, one);
    if (sample.name.endsWith('_bucket')) one.under.push([readValue(le!, sample.name), sample.value]);
    else if (sample.name.endsWith('_sum')) one.sum.push(sample.value);
    else one.count.push(sample.value);
  }
  for (const [key, one] of series) {
    const where = `${family.name} ${key}`;
    assert.equal(one.sum.length, 1, where);
    assert.equal(one.count.length, 1, where);
    assert.equal(one.under.at(-1)![0], Infinity, where);
    assert.equal(one.under.at(-1)![1], one.count[0], where);
    for (let i = 1; i < one.under.length; i++) {
      assert.ok(one.under[i]![0] > one.under[i - 1]![0], `${where}: bounds ascend`);
      assert.ok(one.under[i]![1] >= one.under[i - 1]![1], `${where}: buckets are sums`);
    }
  }
}

export function readMetrics(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let family: Family | undefined;
  assert.ok(text.endsWith('\n'), 'the last line ends with LF');
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP (\S+) (.+)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (help) {
      assert.match(help[1]!, NAME);
      assert.ok(!families.has(help[1]!), `a family twice: ${line}`);
      assert.match(help[2]!, /\.$/, `a help that is no sentence: ${line}`);
      family = { name: help[1]!, kind: '', help: help[2]!, samples: [] };
      families.set(family.name, family);
      continue;
    }
    assert.ok(family !== undefined, `before any family: ${line}`);
    if (type) {
      assert.equal(type[1], family.name, line);
      assert.equal(family.kind, '', line);
      family.kind = type[2]!;
      continue;
    }
    const found = SAMPLE.exec(line);
    assert.ok(found && family.kind !== '', `no sample: ${line}`);
    const endings = family.kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    assert.ok(endings.some((ending) => found[1] === family!.name + ending), `of another family: ${line}`);
    const sample = { name: found[1]!, labels: readLabels(found[2], line), value: readValue(found[3]!, line) };
    const key = `${sample.name}${JSON.stringify(sample.labels)}`;
    assert.ok(!seen.has(key), `a sample twice: ${line}`);
    seen.add(key);
    if (family.kind !== 'gauge') assert.ok(sample.value >= 0, line);
    family.samples.push(sample);
  }
  for (const one of families.values()) {
    assert.notEqual(one.kind, '', `${one.name} has no TYPE`);
    if (one.kind === 'counter') assert.match(one.name, /_total$/);
    if (one.kind === 'histogram') checkHistogram(one);
  }
  return families;
}
