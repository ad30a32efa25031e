/** A logger of TypeORM that counts statements, and can tell those of a moment. */
export class StatementLog {
  count = 0;
  #captured = null;

  logQuery(text, parameters = []) {
    this.count++;
    this.#captured?.push({ text, parameters: [...parameters] });
  }

  /** The statements that are run until `work` is done. */
  async capture(work) {
    const captured = (this.#captured = []);
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

/** The same parameters with some values in place of others. */
export function substitute(parameters, values) {
  return parameters.map((parameter) => (values.has(parameter) ? values.get(parameter) : parameter));
}
