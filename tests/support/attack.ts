// What the attack tests over HTTP report; the same lines as tests/support/attack.h.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

export type Attack = {
  chapter: string; // a part of the page: 'http', 'session', …
  name: string; // unique in its chapter
  tried: string; // one sentence in English, present tense
  stopped: string; // the layer that stopped it
  seen: string; // how that showed
};

// Call it once the attack was tried and seen to be stopped. Lines must be the same in every run.
export function stopped(attack: Attack): void {
  const folder = process.env.DUKOU_ATTACKS;
  if (folder === undefined) return;
  const columns = [attack.name, attack.tried, attack.stopped, attack.seen];
  if (columns.some((text) => /[\t\n\r]/.test(text))) throw new Error(`${attack.name}: tabs or line ends in a report`);
  appendFileSync(join(folder, `${attack.chapter}.tsv`), columns.join('\t') + '\n');
}
