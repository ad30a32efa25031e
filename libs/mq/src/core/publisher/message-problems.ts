import { MqError } from '../errors/mq-error.js';
import { countOf } from '../runtime/count-of.js';
import type { Violation } from '../transport/transport.js';

/** Collects what is wrong with a message, so that all of it is told at once. */
export class MessageProblems {
  private readonly own: Violation[] = [];
  private payload: { readonly problem: string; readonly cause: unknown } | null = null;
  private wire: readonly Violation[] = [];

  /**
   * @param call what was called, e.g. `publish('orders')`
   * @param topic alias
   */
  constructor(
    private readonly call: string,
    private readonly topic: string,
    private readonly transport: string,
  ) {}

  add(path: string, problem: string): void {
    this.own.push({ path, problem });
  }

  addPayload(problem: string, cause?: unknown): void {
    this.payload ??= { problem, cause };
  }

  /** What the transport says about the message. Its word about what has a problem already would be about a stand-in. */
  addWire(violations: readonly Violation[]): void {
    this.wire = violations.filter(
      ({ path }) => !this.own.some((own) => own.path === path) && !(path === 'body' && this.payload !== null),
    );
  }

  /** @throws {MqError} `MQ_MESSAGE_INVALID`, `MQ_PAYLOAD_INVALID` or `MQ_PAYLOAD_TOO_LARGE` if there is any */
  throwIfAny(): void {
    const { own, payload, wire } = this;
    const lines = own.map(({ path, problem }) => `${path} ${problem}`);
    if (payload) lines.push(payload.problem);
    if (wire.length > 0) {
      const listed = wire.map(({ path, problem }) => `${path} ${problem}`).join('; ');
      lines.push(`${this.transport} cannot carry this message: ${listed}`);
    }
    if (lines.length === 0) return;
    const all = [...own, ...(payload ? [{ path: 'payload', problem: payload.problem }] : []), ...wire];
    const violations = all.map(({ path, problem }) => ({ path, problem }));
    const tooLarge = wire.find((violation) => violation.tooLarge)?.tooLarge;
    const details = { topic: this.topic, field: violations[0]!.path, violations, ...tooLarge };
    throw new MqError(this.code, `${this.call}: ${inOneText(lines)}`, { details, cause: payload?.cause });
  }

  /** A field that is wrong is a mistake of the code and comes first; what is too large may be one of the data. */
  private get code(): 'MQ_MESSAGE_INVALID' | 'MQ_PAYLOAD_INVALID' | 'MQ_PAYLOAD_TOO_LARGE' {
    if (this.own.length > 0) return 'MQ_MESSAGE_INVALID';
    if (this.wire.some(({ tooLarge }) => tooLarge)) return 'MQ_PAYLOAD_TOO_LARGE';
    if (this.payload !== null || this.wire.some(({ path }) => path === 'body')) return 'MQ_PAYLOAD_INVALID';
    return 'MQ_MESSAGE_INVALID';
  }
}

function inOneText(lines: readonly string[]): string {
  if (lines.length === 1) return `${lines[0]}.`;
  return `${countOf(lines.length, 'problem')}:\n${lines.map((line) => `  - ${line}`).join('\n')}`;
}
