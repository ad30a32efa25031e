import type { TransactionState } from '../transaction-watch.js';

/** A packet of `mysql2`, with `offset` behind its header. */
export interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  isEOF(): boolean;
  isError(): boolean;
  eofStatusFlags(): number;
}

/** `SERVER_STATUS_IN_TRANS` and `SERVER_MORE_RESULTS_EXISTS` of the client protocol. */
const IN_TRANSACTION = 1;
const MORE = 8;
const OK = 0;
const LOCAL_FILE = 0xfb;
/** The server rolls the whole transaction back, and its error says nothing about that. */
const DEADLOCK = 1213;

/**
 * Reads the state of the transaction out of answers. An answer is one result or several, and a result is an error, an OK,
 * or columns and rows. It must know which part comes next, because a row may begin like an OK packet, with an empty text.
 */
export class MysqlAnswer {
  private command: object | null | undefined = null;
  private due: 'result' | 'columns' | 'rows' = 'result';

  /**
   * The state that this packet tells, `null` for a packet without one, such as a row.
   * @param command that it answers
   */
  read(packet: Packet, command: object | null | undefined): TransactionState | null {
    if (command !== this.command) this.due = 'result';
    this.command = command;
    if (packet.isError()) {
      this.due = 'result';
      return packet.buffer.readUInt16LE(packet.offset + 1) === DEADLOCK ? 'none' : 'unknown';
    }
    // Statements, plain and prepared. After other commands (change of user, reset) the state is unknown.
    if (!command || !('_resultIndex' in command)) return 'unknown';
    if (this.due === 'result') return this.begin(packet);
    if (!packet.isEOF()) return null;
    if (this.due === 'columns') {
      this.due = 'rows';
      return null;
    }
    return this.end(packet.eofStatusFlags());
  }

  private begin(packet: Packet): TransactionState | null {
    const first = packet.buffer[packet.offset]!;
    // After the file has been sent the answer begins once more.
    if (first === LOCAL_FILE) return null;
    if (first !== OK) {
      this.due = 'columns';
      return null;
    }
    // Rows affected, last id inserted, status.
    let at = packet.offset + 1;
    at += widthOf(packet.buffer[at]!);
    at += widthOf(packet.buffer[at]!);
    return this.end(packet.buffer.readUInt16LE(at));
  }

  private end(flags: number): TransactionState | null {
    this.due = 'result';
    // After the last one of several results the command is another one, or the same again with its next result.
    if ((flags & MORE) !== 0) return null;
    return (flags & IN_TRANSACTION) === 0 ? 'none' : 'open';
  }
}

/** Bytes of a length-encoded integer, of which this is the first. */
function widthOf(first: number): number {
  if (first === 0xfc) return 3;
  if (first === 0xfd) return 4;
  return first === 0xfe ? 9 : 1;
}
