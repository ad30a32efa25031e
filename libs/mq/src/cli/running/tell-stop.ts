import type { CliContext } from '../cli-context.js';

/** The last line of a process that ran: why it stopped, and what it did. */
export function tellStop(context: CliContext, reason: string, counts: object, tookMs: number): void {
  const seconds = Math.round(tookMs / 100) / 10;
  if (context.json) return context.out.line({ event: 'stopped', reason, ...counts, seconds });
  const done = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  context.out.text(`stopped (${reason}) after ${seconds} s: ${done.join(', ')}`);
}
