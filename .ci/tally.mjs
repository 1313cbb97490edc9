// Prints "N passed, N failed" of vitest's JSON reports together; exits with 1 where something failed, or one has nothing to tell.

import { readFileSync } from "node:fs";

let [passed, failed, skipped] = [0, 0, 0];
let empty = false;
const reasons = new Set();
for (const path of process.argv.slice(2)) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    failed++;
    continue;
  }
  const { testResults } = report;
  // A file that does not load has no tests to fail.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  for (const { name, message } of broken) console.log(`${name}: ${message}`);
  passed += report.numPassedTests;
  failed += report.numFailedTests + broken.length;
  skipped += report.numPendingTests + report.numTodoTests;
  empty ||= report.numPassedTests === 0;
  // Suites that say in their titles why they are skipped.
  const titles = testResults.flatMap(({ assertionResults }) =>
    assertionResults.flatMap(({ status, ancestorTitles }) => (status === "passed" ? [] : ancestorTitles)),
  );
  for (const title of titles) if (title.includes("(skipped: ")) reasons.add(title);
}
for (const title of reasons) console.log(title);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 || empty || passed === 0 ? 1 : 0;
