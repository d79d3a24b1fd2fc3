import { writeFileSync } from "node:fs";

/**
 * Vitest reporter that writes how a run ended to the file named by ASSAY_TEST_COUNTS. A file or hook that broke outside its tests, and an
 * error nobody caught, count as one failure each. Vitest calls the default export with `new`.
 */
export default function countReporter() {
  return {
    onTestRunEnd(testModules, unhandledErrors, reason) {
      const counts = { passed: 0, failed: unhandledErrors.length, skipped: [], reason };
      for (const testModule of testModules) {
        counts.failed += testModule.errors().length;
        for (const suite of testModule.children.allSuites()) counts.failed += suite.errors().length;
        for (const test of testModule.children.allTests()) {
          const result = test.result();
          if (result.state === "passed") counts.passed += 1;
          else if (result.state === "skipped")
            counts.skipped.push({ test: `${testModule.relativeModuleId} > ${test.fullName}`, reason: result.note ?? null });
          else counts.failed += 1;
        }
      }
      writeFileSync(process.env.ASSAY_TEST_COUNTS, JSON.stringify(counts));
    },
  };
}
