/** The proxy itself: what it lets pass, what it breaks, and that it holds at the point it was told. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { type Held, TcpProxy } from './tcp-proxy.ts';

const WAIT_MS_MAX = 10_000;
let server: Server;
let proxy: TcpProxy;
let client: Socket;
/** What the server was sent, and what the client got. */
let asked = '';
let answered = '';
let isClosed = false;

beforeEach(async () => {
  asked = '';
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      asked += bytes.toString();
      socket.write(`re:${bytes.toString()}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await TcpProxy.to(`tcp://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  await reconnect();
});
afterEach(async () => {
  client.destroy();
  await proxy.close();
  server.close();
  await once(server, 'close');
});

async function reconnect(): Promise<void> {
  const socket = connect(proxy.port, '127.0.0.1');
  client = socket;
  answered = '';
  isClosed = false;
  socket.on('data', (bytes) => (answered += bytes.toString()));
  socket.on('error', () => undefined);
  // Not that of an earlier one.
  socket.on('close', () => (isClosed ||= socket === client));
  await once(socket, 'connect');
}

const got = (text: string): Promise<void> => until(`the client gets ${text}`, WAIT_MS_MAX, () => answered === text);
const closed = (): Promise<void> => until('the connection ends', WAIT_MS_MAX, () => isClosed);
async function held(trap: { request: RegExp; at: 'request' | 'reply'; reply?: RegExp }): Promise<Held> {
  const seen: Held[] = [];
  proxy.trap = { ...trap, caught: (one) => seen.push(one) };
  client.write('INSERT');
  await until('it is held', WAIT_MS_MAX, () => seen.length === 1);
  return seen[0]!;
}

it('passes everything both ways', async () => {
  client.write('hello');
  await got('re:hello');
  expect(asked).toBe('hello');
});

describe('a trap', () => {
  it('holds a request before a byte of it is forwarded, and lets it go on', async () => {
    client.write('first');
    await got('re:first');
    const one = await held({ request: /INSERT/, at: 'request' });
    expect(asked).toBe('first');
    one.release();
    await got('re:firstre:INSERT');
  });

  it('forwards what stands before the request in the same chunk', async () => {
    const seen: Held[] = [];
    proxy.trap = { request: /INSERT/, at: 'request', caught: (one) => seen.push(one) };
    client.write('SELECT INSERT');
    await until('it is held', WAIT_MS_MAX, () => seen.length === 1);
    await until('the first part arrives', WAIT_MS_MAX, () => asked !== '');
    expect({ asked, answered }).toEqual({ asked: 'SELECT ', answered: '' });
  });

  it('holds a reply that the client then never gets: the request was carried out', async () => {
    const one = await held({ request: /INSERT/, at: 'reply' });
    expect({ asked, answered }).toEqual({ asked: 'INSERT', answered: '' });
    one.lose();
    await closed();
    expect(answered).toBe('');
  });

  it('lets other replies pass', async () => {
    proxy.trap = { request: /INSERT/, at: 'reply', reply: /^OK/, caught: () => expect.fail('held') };
    client.write('INSERT');
    await got('re:INSERT');
  });
});

describe('the network', () => {
  it('is cut, refuses, and is mended', async () => {
    proxy.cut();
    await closed();
    await reconnect();
    await closed();
    proxy.mend();
    await reconnect();
    client.write('again');
    await got('re:again');
    expect(asked).toBe('again');
  });

  it('swallows replies and keeps the connection; what was lost stays lost when it is mended', async () => {
    proxy.swallowReplies();
    client.write('lost');
    await until('it arrives', WAIT_MS_MAX, () => asked === 'lost');
    expect({ answered, isClosed }).toEqual({ answered: '', isClosed: false });
    // The reply may still be on its way to the proxy.
    await until('the reply was swallowed', WAIT_MS_MAX, () => {
      proxy.mend();
      proxy.swallowReplies();
      return isClosed;
    });
    expect(answered).toBe('');
  });

  it('is slow, and keeps the order when it becomes fast again', async () => {
    proxy.delay(100);
    client.write('a');
    await until('the first is under way', WAIT_MS_MAX, () => asked === '' && client.bytesWritten === 1);
    // Time for the chunk to reach the proxy, which then holds it back.
    client.write('b');
    await until('the slow ones arrive', WAIT_MS_MAX, () => asked.length === 2);
    proxy.delay(0);
    client.write('c');
    await until('all arrive', WAIT_MS_MAX, () => asked.length === 3);
    expect(asked).toBe('abc');
    await until('all are answered', WAIT_MS_MAX, () => answered.replaceAll('re:', '') === 'abc');
  });
});
