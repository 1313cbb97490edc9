// Prints "N passed, N failed" of vitest's JSON reports together; exits with 1 where something failed, or one has nothing to tell.

import { readFileSync } from "node:fs";

let [passed, failed, skipped] = [0, 0, 0];
let empty = false;
const [reasons, ran] = [new Set(), new Set()];
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
  for (const { status, ancestorTitles } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    for (const title of ancestorTitles) {
      if (status === "passed") ran.add(title);
      else if (title.includes("(skipped: ")) reasons.add(title);
    }
  }
}
// What one report skips another may have.
for (const title of reasons) if (!ran.has(title.replace(/ \(skipped: .*/s, ""))) console.log(title);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 || empty || passed === 0 ? 1 : 0;
