import sequencer from '@jest/test-sequencer';

/** What its ES module exports by default; its types are those of the CommonJS one. */
const Sequencer = /** @type {typeof sequencer.default} */ (/** @type {unknown} */ (sequencer));

/** Minutes each. Begun last, one of these would be alone at the end of a run, with nothing to do for the other workers. */
const LONGEST = /^test\/(brokers\/rocketmq\/real\/(consuming|outages)|programs\/shop\/(shutdown|orders))\./;
/** What waits for real brokers and processes most of the time. The rest computes, or waits for databases that do. */
const WAITING = /^test\/(brokers|programs)\//;

/**
 * The longest files first; then one that waits and one that computes in turn, so that the processors have something to do in
 * all of a run: after all that waits, the rest took them four minutes, in which nothing could wait any more. In each part the
 * order of jest: what failed, then the longest that it remembers, then the largest.
 */
export default class SlowFirst extends Sequencer {
  #root;

  /** @param {import('@jest/test-sequencer').TestSequencerOptions} options */
  constructor(options) {
    super(options);
    this.#root = options.globalConfig.rootDir;
  }

  /**
   * @override
   * @param {import('@jest/test-result').Test[]} tests
   */
  async sort(tests) {
    const sorted = await super.sort(tests);
    const isOf =
      (/** @type {RegExp} */ part) =>
      (/** @type {{ path: string }} */ { path }) =>
        part.test(this.#name(path));
    const longest = sorted.filter(isOf(LONGEST));
    const others = sorted.filter((test) => !longest.includes(test));
    const waiting = others.filter(isOf(WAITING));
    const computing = others.filter((test) => !waiting.includes(test));
    const turns = Array.from({ length: Math.max(waiting.length, computing.length) }, (_, turn) => turn);
    return [
      ...longest,
      ...turns.flatMap((turn) => [...waiting.slice(turn, turn + 1), ...computing.slice(turn, turn + 1)]),
    ];
  }

  /** @param {string} path */
  #name(path) {
    return path.slice(this.#root.length + 1).replaceAll('\\', '/');
  }
}
