import { writeFileSync } from 'node:fs';

/**
 * Writes after each file how many tests passed, failed and were not run, to the file that `MQ_TEST_COUNTS` names: so
 * the counts are there even if the run is stopped.
 */
export default class CountReporter {
  /**
   * @param {unknown} _test
   * @param {unknown} _result
   * @param {import('@jest/test-result').AggregatedResult} options
   */
  onTestResult(_test, _result, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, ...rest }) {
    const counts = {
      passed: numPassedTests,
      // A file that cannot be loaded has no tests that could fail.
      failed: numFailedTests + numRuntimeErrorTestSuites,
      notRun: rest.numPendingTests + rest.numTodoTests,
    };
    writeFileSync(/** @type {string} */ (process.env.MQ_TEST_COUNTS), JSON.stringify(counts));
  }
}
