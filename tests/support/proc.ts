// What Linux tells of running processes; reading another's memory takes root.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function servesHome(pid: number, home: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`DUKOU_HOME=${home}`);
  } catch {
    return false; // it has ended, or is not ours to read
  }
}

// The process, those of its home that have another parent by now (the zygote), and all that these started.
export function family(pid: number, home: string): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one)))
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // it has ended meanwhile
    }
  const found = [pid, ...[...parents.keys()].filter((one) => one !== pid && servesHome(one, home))];
  for (let i = 0; i < found.length; i++) for (const [child, parent] of parents) if (parent === found[i] && !found.includes(child)) found.push(child);
  return found;
}

export type Region = { from: number; to: number; flags: string };

// Its own memory that can be written: where a secret could lie.
export function regions(pid: number): Region[] {
  const found: Region[] = [];
  let at: Region | undefined;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (....)/.exec(line);
    if (head) {
      at = head[3]!.startsWith('rw') || head[3]!.startsWith('r--p') ? { from: parseInt(head[1]!, 16), to: parseInt(head[2]!, 16), flags: '' } : undefined;
      if (at && head[3]!.startsWith('rw')) found.push(at);
    } else if (at && line.startsWith('VmFlags:')) at.flags = line;
  }
  return found;
}

// The regions in which the bytes lie.
export function find(pid: number, needle: Buffer): Region[] {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const part = Buffer.alloc(4 * 1024 * 1024 + needle.length);
  const holding: Region[] = [];
  for (const region of regions(pid))
    for (let at = region.from; at < region.to; at += part.length - needle.length) {
      let read = 0;
      try {
        read = readSync(memory, part, 0, Math.min(part.length, region.to - at), at);
      } catch {
        break; // a guard page, or unmapped meanwhile
      }
      if (part.subarray(0, read).includes(needle)) {
        holding.push(region);
        break;
      }
    }
  closeSync(memory);
  return holding;
}
