// Waits for what comes about by itself.
import assert from 'node:assert/strict';

export async function eventually(what: string, look: () => Promise<boolean> | boolean, seconds = 30): Promise<void> {
  for (let i = 0; i < seconds * 20; i++) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${what}: not within ${seconds} s`);
}
