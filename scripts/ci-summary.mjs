/**
 * The last line of `.ci/run`: `N passed, N failed, N skipped`.
 *
 * Adds vitest's JSON report and the last line of `npm run verify`. What did not run to its end counts as one failure,
 * and so does a test file that could not be loaded; the names of both, and why, stand above the last line, for readers of the end
 * of a log. Exit code 1 where anything failed or nothing ran.
 */
import { readFileSync } from 'node:fs';

const [reportFile, verifyFile] = process.argv.slice(2);
const sum = { passed: 0, failed: 0, skipped: 0 };
const add = (counts) => {
  for (const key of Object.keys(sum)) sum[key] += counts[key] ?? 0;
};

add(testCounts());
add(verifyCounts());
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;

function testCounts() {
  try {
    const report = JSON.parse(readFileSync(reportFile, 'utf8'));
    const notLoaded = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    );
    for (const file of notLoaded) console.log(`FAILED to load: ${file.name}`);
    for (const file of report.testResults)
      for (const test of file.assertionResults)
        if (test.status === 'failed')
          console.log(`FAILED: ${file.name}: ${test.fullName}\n  ${test.failureMessages.join('\n').slice(0, 2_000)}`);
    const failed = report.numFailedTests + notLoaded.length;
    return {
      passed: report.numPassedTests,
      failed: failed === 0 && !report.success ? 1 : failed,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } catch (error) {
    console.error(`the tests gave no report: ${error.message}`);
    return { failed: 1 };
  }
}

function verifyCounts() {
  const found = /^verify: (\d+) passed, (\d+) failed$/m.exec(readFileSync(verifyFile, 'utf8'));
  if (found !== null) return { passed: Number(found[1]), failed: Number(found[2]) };
  console.error('verify did not run to its end');
  return { failed: 1 };
}
