/** @typedef {import('./observed-broker.mjs').BrokerPoint} BrokerPoint */
/** The next place in the traffic with a broker at which somebody dies. Whoever looks at the traffic asks at each step. */
export class ArmedPoint {
  /** @type {BrokerPoint | null} */
  #point = null;

  /** @param {BrokerPoint} point without `caller`: whoever comes by */
  arm(point) {
    this.#point = point;
  }

  /**
   * Whether this is the place; whoever was to die there is dead when this returns.
   *
   * @param {BrokerPoint['step']} step
   * @param {string} operation
   * @param {string | undefined} caller
   */
  reached(step, operation, caller) {
    const point = this.#point;
    if (!point || point.step !== step || point.operation !== operation) return false;
    if (point.caller !== undefined && point.caller !== caller) return false;
    this.#point = null;
    point.fire();
    return true;
  }
}
