/** @typedef {{ text: string, parameters: unknown[] }} Statement */
/** A logger of TypeORM that counts statements, and can tell those of a moment. */
export class StatementLog {
  count = 0;
  /** @type {Statement[] | null} */
  #captured = null;

  /**
   * @param {string} text
   * @param {unknown[]} [parameters]
   */
  logQuery(text, parameters = []) {
    this.count++;
    this.#captured?.push({ text, parameters: [...parameters] });
  }

  /**
   * The statements that are run until `work` is done.
   *
   * @param {() => Promise<unknown>} work
   */
  async capture(work) {
    /** @type {Statement[]} */
    const captured = [];
    this.#captured = captured;
    await work();
    this.#captured = null;
    return captured;
  }

  logQueryError() {}
  logQuerySlow() {}
  logSchemaBuild() {}
  logMigration() {}
  log() {}
}

/**
 * The same parameters with some values in place of others.
 *
 * @param {unknown[]} parameters
 * @param {Map<unknown, unknown>} values
 */
export function substitute(parameters, values) {
  return parameters.map((parameter) => (values.has(parameter) ? values.get(parameter) : parameter));
}
