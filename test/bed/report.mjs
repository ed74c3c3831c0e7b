import { writeFileSync } from "node:fs";
import { relative } from "node:path";

/** @typedef {import("vitest/node").Reporter} Reporter */

/**
 * The compact report of a test run: a line a file, the whole story of a failure, each skip with its reason.
 * The counts go to the file that `test/run.mjs` names; without counts there the run did not end.
 * @implements {Reporter}
 */
export default class Report {
  #passed = 0;
  #failed = 0;
  /** @type {string[]} */
  #skips = [];
  #root = process.cwd();

  /** @param {import("vitest/node").TestModule} module */
  onTestModuleEnd(module) {
    const tests = [...module.children.allTests()];
    const failed = tests.filter((test) => test.result().state === "failed");
    const passed = tests.filter((test) => test.result().state === "passed");
    const file = relative(this.#root, module.moduleId);
    for (const test of tests) {
      const result = test.result();
      if (result.state === "skipped")
        this.#skips.push(`${file}: ${test.name}: ${result.note ?? "no reason was given"}`);
    }
    const broken = [
      ...module.errors(),
      ...[...module.children.allSuites()].flatMap((suite) => suite.errors()),
    ];
    const seconds = (module.diagnostic().duration / 1000).toFixed(1);
    const good = failed.length === 0 && broken.length === 0;
    say(`${good ? "✓" : "✗"} ${file}  ${passed.length} of ${tests.length}  ${seconds} s`);
    for (const test of failed) tell(test.fullName, test.result().errors ?? []);
    if (broken.length > 0) tell("outside of its tests", broken);
    this.#passed += passed.length;
    this.#failed += failed.length + (broken.length > 0 ? 1 : 0);
  }

  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly import("vitest/node").SerializedError[]} errors
   */
  onTestRunEnd(modules, errors) {
    if (errors.length > 0) tell(`outside of all ${modules.length} files`, errors);
    const counts = {
      passed: this.#passed,
      failed: this.#failed + (errors.length > 0 ? 1 : 0),
      skips: this.#skips,
    };
    const file = process.env["JACKFIELD_TEST_COUNTS"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }

  /** @param {import("vitest").UserConsoleLog} log */
  onUserConsoleLog(log) {
    process.stderr.write(log.content);
  }
}

/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`);

/**
 * @param {string} title
 * @param {readonly import("vitest/node").SerializedError[]} errors
 */
function tell(title, errors) {
  say(`    ✗ ${title}`);
  for (const error of errors) {
    const diff = typeof error["diff"] === "string" ? `\n${error["diff"]}` : "";
    const at = error.stacks?.[0];
    const place = at === undefined ? (error.stack ?? "") : `at ${at.file}:${at.line}:${at.column}`;
    say(`${error.message}${diff}\n${place}`.replaceAll(/^/gm, "        "));
  }
}
