import type { HttpAnswer } from './http-exchange.js';
import { readHead, type AnswerHead } from './answer-head.js';
import { GrowingBody } from './growing-body.js';

/** What Node allows for a head. Interim answers, lines of chunks and what follows the last one count as well. */
const MAX_HEAD_BYTES = 16_384;
const MAX_CHUNK_LINE_BYTES = 1_024;
const NOTHING = Buffer.alloc(0);
const HEAD_END = '\r\n\r\n';
const CRLF = '\r\n';

type State = 'head' | 'body' | 'until-close' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailer' | 'complete';

/**
 * AnswerReader reads one answer of HTTP/1.1 from pieces that may be cut anywhere.
 *
 * States: *head*, which an interim answer (1xx) leaves it in; then, as the head says, *body* (of a known length), *until-close*, or
 * *chunk-line*, *chunk* and *chunk-end* in turns and the *trailer*; *complete*. Each takes what it can of the bytes that are there; what it
 * cannot judge yet waits for more.
 *
 * Strict where two readers could disagree about where an answer ends: the next one on this socket would then begin in the middle of
 * this one, and a message be marked as sent by the receipt of another.
 */
export class AnswerReader {
  private state: State = 'head';
  private waiting: Buffer = NOTHING;
  private headBytes = 0;
  /** Bytes of the body, or of the chunk, that have not come. */
  private left = 0;
  private head: AnswerHead | null = null;
  private arrivedAt = 0;
  private hasMore = false;
  private readonly body: GrowingBody;

  constructor(
    maxBytes: number,
    private readonly now: () => number,
  ) {
    this.body = new GrowingBody(maxBytes);
  }

  get isComplete(): boolean {
    return this.state === 'complete';
  }

  /** Whether the socket can carry another request: its answer ended where it said, and nothing came after it. */
  get leavesSocketUsable(): boolean {
    return this.isComplete && !this.hasMore && this.head !== null && this.head.keepsAlive;
  }

  /** How long the server keeps an idle connection, if it says so. */
  get idleMs(): number | null {
    return this.head?.idleMs ?? null;
  }

  get answer(): HttpAnswer {
    const { status, headers } = this.head!;
    return { status, headers, body: this.body.bytes, arrivedAt: this.arrivedAt };
  }

  /** @throws for what is no answer, or a larger one than it may be */
  push(piece: Buffer): void {
    let rest = this.waiting.length === 0 ? piece : Buffer.concat([this.waiting, piece]);
    this.waiting = NOTHING;
    while (rest.length > 0 && !this.isComplete) {
      const taken = this.take(rest);
      if (taken === 0) {
        this.waiting = rest;
        return;
      }
      rest = rest.subarray(taken);
    }
    if (rest.length > 0) this.hasMore = true;
  }

  /** The other side has closed. @throws unless that is how this answer ends */
  end(): void {
    if (this.state !== 'until-close') throw new Error('the connection was closed before the answer was complete');
    this.state = 'complete';
    this.hasMore = true;
  }

  /** Answers how many bytes it has taken; 0 if it needs more of them first. */
  private take(bytes: Buffer): number {
    switch (this.state) {
      case 'head':
        return this.takeHead(bytes);
      case 'body':
      case 'chunk': {
        const part = bytes.length > this.left ? bytes.subarray(0, this.left) : bytes;
        this.body.add(part);
        this.left -= part.length;
        if (this.left === 0) this.state = this.state === 'body' ? 'complete' : 'chunk-end';
        return part.length;
      }
      case 'until-close':
        this.body.add(bytes);
        return bytes.length;
      case 'chunk-line': {
        const line = this.lineOf(bytes, MAX_CHUNK_LINE_BYTES);
        if (line === null) return 0;
        const [, digits] = /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?$/.exec(line) ?? [];
        if (digits === undefined) throw new Error('the answer is no HTTP (a chunk without its size)');
        this.left = Number.parseInt(digits, 16);
        this.body.expect(this.left);
        this.state = this.left === 0 ? 'trailer' : 'chunk';
        return line.length + CRLF.length;
      }
      case 'chunk-end':
        if (bytes.length < CRLF.length) return 0;
        if (bytes.toString('latin1', 0, CRLF.length) !== CRLF)
          throw new Error('the answer is no HTTP (a chunk of another size than it says)');
        this.state = 'chunk-line';
        return CRLF.length;
      case 'trailer': {
        const line = this.lineOf(bytes, this.headRoom());
        if (line === null) return 0;
        this.headBytes += line.length + CRLF.length;
        if (line === '') this.state = 'complete';
        return line.length + CRLF.length;
      }
      case 'complete':
        return 0;
    }
  }

  private takeHead(bytes: Buffer): number {
    const end = bytes.indexOf(HEAD_END, 0, 'latin1');
    if ((end === -1 ? bytes.length : end) > this.headRoom()) throw new Error('the head of the answer is too large');
    if (end === -1) return 0;
    const head = readHead(bytes.toString('latin1', 0, end));
    const taken = end + HEAD_END.length;
    this.headBytes += taken;
    if (head.status >= 200) this.begin(head);
    return taken;
  }

  private begin(head: AnswerHead): void {
    this.head = head;
    this.arrivedAt = this.now();
    const { framing } = head;
    if (typeof framing === 'number') {
      this.left = framing;
      this.body.expect(framing);
      this.state = framing === 0 ? 'complete' : 'body';
    } else this.state = framing === 'chunked' ? 'chunk-line' : 'until-close';
  }

  private headRoom(): number {
    return MAX_HEAD_BYTES - this.headBytes;
  }

  private lineOf(bytes: Buffer, most: number): string | null {
    const end = bytes.indexOf(CRLF, 0, 'latin1');
    if ((end === -1 ? bytes.length : end) > most) throw new Error('the head of the answer is too large');
    return end === -1 ? null : bytes.toString('latin1', 0, end);
  }
}
