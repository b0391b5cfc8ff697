// Waits for what comes about by itself.
import assert from 'node:assert/strict';

const WAIT_SECONDS = 30;

export async function eventually(what: string, look: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < WAIT_SECONDS * 20; i++) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${what}: not within ${WAIT_SECONDS} s`);
}
