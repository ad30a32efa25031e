/**
 * What those who send could learn of their sends, seen from between them and the broker.
 *
 * A message may reach the broker once more for each send whose outcome its sender could not know: the sender had died, the
 * broker had, or the one did not wait long enough for the other. And for each that it knew of and died before the database
 * did. Whatever comes more often than that is a fault, however many processes were killed: a limit by the number of
 * kills would allow as many faults, and forbid that one death doubles two messages that were under way.
 */
export class SendOutcomes {
  /**
   * Sends of which nobody was told.
   *
   * @type {Set<readonly string[]>}
   */
  #untold = new Set();
  /**
   * Messages of sends that were told, by caller.
   *
   * @type {Map<string, Set<string>>}
   */
  #told = new Map();
  /**
   * One entry for each time.
   *
   * @type {string[]}
   */
  #unrecorded = [];

  /**
   * A send is passed on to the broker.
   *
   * @param {string} caller
   * @param {readonly string[]} ids
   * @returns {() => void} to be called when the answer that all is stored has left
   */
  begin(caller, ids) {
    this.#untold.add(ids);
    return () => {
      this.#untold.delete(ids);
      const told = this.#told.get(caller) ?? new Set();
      for (const id of ids) told.add(id);
      this.#told.set(caller, told);
    };
  }

  /**
   * The process behind this caller is dead.
   *
   * @param {string} caller
   * @param {(ids: readonly string[]) => Promise<readonly string[]>} unrecorded those of them that the database does not know as sent
   */
  async died(caller, unrecorded) {
    const told = [...(this.#told.get(caller) ?? [])];
    this.#told.delete(caller);
    if (told.length > 0) this.#unrecorded.push(...(await unrecorded(told)));
  }

  /**
   * How often each message may come once more. Asked when nobody sends any more.
   *
   * @returns {ReadonlyMap<string, number>}
   */
  unknown() {
    /** @type {Map<string, number>} */
    const times = new Map();
    for (const id of [...[...this.#untold].flat(), ...this.#unrecorded]) times.set(id, (times.get(id) ?? 0) + 1);
    return times;
  }
}
