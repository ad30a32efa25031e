import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface CannedRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a request is answered with: these bytes, or what a function returns or does with the socket. */
export type Reply = string | Buffer | ((request: CannedRequest, socket: Socket) => string | Buffer | void);

/** A server that answers what a test says, byte by byte; no HTTP library between the test and the wire. */
export class CannedServer {
  readonly requests: CannedRequest[] = [];
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.serve(socket));

  constructor(public reply: Reply) {}

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get openSockets(): number {
    return this.sockets.size;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    this.connections += 1;
    this.sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (let parsed = parse(received); parsed; parsed = parse(received)) {
        received = received.subarray(parsed.bytes);
        this.requests.push(parsed.request);
        this.answer(socket, parsed.request);
      }
    });
  }

  private answer(socket: Socket, request: CannedRequest): void {
    const { reply } = this;
    const bytes = typeof reply === 'function' ? reply(request, socket) : reply;
    if (typeof bytes === 'string' || Buffer.isBuffer(bytes)) socket.write(bytes);
  }
}

function parse(received: Buffer): { request: CannedRequest; bytes: number } | null {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const bytes = end + 4 + Number(headers['content-length'] ?? 0);
  if (received.length < bytes) return null;
  const [method = '', target = ''] = first.split(' ');
  return { request: { method, target, headers, body: received.subarray(end + 4, bytes).toString('utf8') }, bytes };
}
