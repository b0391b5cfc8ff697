// Speaks to the server byte by byte: what no HTTP client would send.
import { connect, type Socket } from 'node:net';

export type Answer = { status: number; head: string; body: string };

export type Heard = {
  text: string;
  answers: Answer[]; // in their order, as Content-Length divides them
  closed: boolean; // by the server, within the time
};

const WAIT_SECONDS = 20;

export function place(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

export function answersOf(text: string): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n\r\n', at);
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(text.slice(at, at + 16));
    if (end < 0 || status === null) break;
    const head = text.slice(at, end);
    const size = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const length = status[1] === '100' ? 0 : size;
    answers.push({ status: Number(status[1]), head, body: text.slice(end + 4, end + 4 + length) });
    at = end + 4 + length;
  }
  return answers.filter((one) => one.status !== 100);
}

// Sends the parts one after another and listens until the server closes, or until `enough` is heard.
export function speak(url: string, parts: string | Buffer | (string | Buffer)[], enough?: (heard: string) => boolean, from?: string): Promise<Heard> {
  return new Promise((resolve) => {
    let text = '';
    let closed = false;
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, answers: answersOf(text), closed });
    };
    const socket: Socket = connect({ ...place(url), localAddress: from }, async () => {
      for (const part of [parts].flat()) {
        if (socket.destroyed) return;
        socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
        await new Promise((next) => setImmediate(next));
      }
    });
    const timer = setTimeout(done, WAIT_SECONDS * 1000);
    socket.on('data', (part) => {
      text += part.toString('latin1');
      if (enough?.(text)) done();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      closed = true;
      done();
    });
  });
}
