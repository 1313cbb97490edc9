// Prints "N passed, N failed" of a vitest JSON report; exits with 1 where something failed or nothing ran.

import { readFileSync } from "node:fs";

const [path] = process.argv.slice(2);
let report;
try {
  report = JSON.parse(readFileSync(path, "utf8"));
} catch {
  console.log("0 passed, 1 failed");
  process.exit(1);
}
const {
  numPassedTests: passed,
  numFailedTests: failedTests,
  numPendingTests: pending,
  numTodoTests: todo,
  testResults,
} = report;
// A file that does not load has no tests to fail.
const broken = testResults.filter(
  ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
);
for (const { name, message } of broken) console.log(`${name}: ${message}`);
const failed = failedTests + broken.length;
const skipped = pending + todo;
// Suites that say in their titles why they are skipped.
const reasons = new Set(
  testResults.flatMap(({ assertionResults }) =>
    assertionResults.flatMap(({ status, ancestorTitles }) =>
      status === "passed" ? [] : ancestorTitles.filter((title) => title.includes("(skipped: ")),
    ),
  ),
);
for (const title of reasons) console.log(title);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
