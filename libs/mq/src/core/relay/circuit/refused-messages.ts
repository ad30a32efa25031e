/** Ids that are remembered at once. One that is forgotten is put to the test again, which costs its topic a pause. */
const LIMIT = 1_000;

/**
 * Messages that the broker refused without saying whether they or their topic are at fault.
 *
 * States of a message: *refused* since its topic's circuit opened; *at fault* once a probe shows that the topic takes messages,
 * which holds for all that were refused but the probe itself. One at fault that is refused once more is parked.
 */
export class RefusedMessages {
  private readonly refused = new Map<string, Set<string>>();
  private readonly atFault = new Set<string>();

  add(topic: string, messageId: string): void {
    const ids = this.refused.get(topic) ?? new Set<string>();
    this.refused.set(topic, ids);
    if (ids.size < LIMIT) ids.add(messageId);
  }

  /** The topic took this message, as a probe: no other of its messages was on its way, so it works by now. */
  probeSucceeded(topic: string, messageId: string): void {
    for (const id of this.refused.get(topic) ?? []) if (id !== messageId) this.atFault.add(id);
    this.forget(topic);
    this.atFault.delete(messageId);
    for (const id of this.atFault) {
      if (this.atFault.size <= LIMIT) break;
      this.atFault.delete(id);
    }
  }

  /** The topic works, and nothing is known about who was at fault. */
  forget(topic: string): void {
    this.refused.delete(topic);
  }

  /** Whether this message is at fault, and not its topic. Asked once, because it is parked then. */
  takeAtFault(messageId: string): boolean {
    return this.atFault.delete(messageId);
  }
}
