import { openStage } from "../conformance/open-stage.ts";
import { testHandler, type Checked } from "../conformance/suite.ts";
import { exit } from "../exit.ts";
import type { Call } from "../verb.ts";
import { many } from "../words.ts";

/** Puts a handler to the test: a command, a webhook (`--url`), or a program that comes in by itself (`--name`). */
export async function testCommand(call: Call, capability: string): Promise<number> {
  const { out, flags, folder, environment, rest: argv } = call;
  const began = performance.now();
  const [url, name] = [flags.text("url"), flags.text("name")];
  await using stage = await openStage({
    ...{ capability, folder, environment, argv, url, name },
    door: url !== undefined ? "webhook" : name !== undefined ? "pull" : "command",
    jackfield: [process.execPath, ...process.execArgv, process.argv[1] ?? ""],
    slow: flags.on("slow"),
    onWaiting: (variables) => {
      const words = Object.entries(variables).map((each) => each.join("="));
      out.say(`waiting for the handler; it needs ${words.join(" ")}`);
    },
  });
  const report = await testHandler(stage, {
    onScene: (scene) => {
      if (out.interactive) out.say(`  … ${scene}`);
    },
  });
  return tell(call, report, (performance.now() - began) / 1_000);
}

function tell({ out }: Call, report: readonly Checked[], seconds: number): number {
  const failed = report.filter(({ outcome }) => outcome === "fail");
  const skipped = report.filter(({ outcome }) => outcome === "skipped").length;
  const passed = report.length - failed.length - skipped;
  const verdict = failed.length === 0 && passed > 0 ? "pass" : "fail";
  out.show({ verdict, passed, failed: failed.length, skipped, seconds, checks: report }, () =>
    [
      ...report.map((each) => lineOf(out, each)),
      "",
      `${verdict.toUpperCase()}   ${many(passed, "check")} passed, ${failed.length} failed, ${skipped} skipped, in ${seconds.toFixed(1)} s`,
    ].join("\n"),
  );
  return verdict === "pass" ? exit.pass : exit.fail;
}

function lineOf(out: Call["out"], { name, says, outcome, why, next }: Checked): string {
  const title = name.padEnd(24);
  if (outcome === "pass") return `  ${out.paint("good", "✓")} ${title} ${says}`;
  if (outcome === "skipped") return `  ${out.paint("dim", "–")} ${title} ${why ?? says}`;
  return [
    `  ${out.paint("bad", "✗")} ${title} ${says}`,
    `      why   ${why ?? ""}`,
    `      next  ${next ?? ""}`,
  ].join("\n");
}
