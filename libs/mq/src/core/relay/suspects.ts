/** Ids that are remembered at once. One that is forgotten is put to the test again, which costs its topic a pause. */
const LIMIT = 1_000;

/**
 * Messages that were refused when nobody could say whether they or their topic were at fault.
 *
 * *Suspected* is what was refused since its topic was closed. When a probe then shows that the topic takes messages, all
 * of those but the probe are *convicted*: refused once more, they are themselves what is wrong.
 */
export class Suspects {
  private readonly suspected = new Map<string, Set<string>>();
  private readonly convicted = new Set<string>();

  suspect(topic: string, messageId: string): void {
    const ids = this.suspected.get(topic) ?? new Set<string>();
    this.suspected.set(topic, ids);
    if (ids.size < LIMIT) ids.add(messageId);
  }

  /** The topic took this message, as a probe: no other of its messages was on its way, so it works by now. */
  acquit(topic: string, messageId: string): void {
    for (const id of this.suspected.get(topic) ?? []) if (id !== messageId) this.convicted.add(id);
    this.drop(topic);
    this.convicted.delete(messageId);
    for (const id of this.convicted) {
      if (this.convicted.size <= LIMIT) break;
      this.convicted.delete(id);
    }
  }

  /** The topic works, and nothing is known about who was at fault. */
  drop(topic: string): void {
    this.suspected.delete(topic);
  }

  /** Whether it is this message that is wrong. Asked once: its fate is then decided. */
  convicts(messageId: string): boolean {
    return this.convicted.delete(messageId);
  }
}
