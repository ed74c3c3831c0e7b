import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { Problem } from "@jackfield/problem/problem";
import { apply } from "@jackfield/spec/ask/projects";
import { applyCapability, contractIn } from "../apply-capability.ts";
import { exit } from "../exit.ts";
import { heldAgainst, sayHeld, takeFile } from "../held.ts";
import { findProject, projectFileName } from "../project-folder.ts";
import { decided, deciding, type Call, type Verb } from "../verb.ts";
import { many } from "../words.ts";
import type { z } from "zod";

type Applied = z.output<typeof apply.answer>;

export const verb: Verb = {
  name: "apply",
  group: "declare",
  takes: "[FILE|-]",
  does: "make it so; `--dry-run` is plan",
  flags: {
    "dry-run": { says: "say what would change; exit 0 only if nothing would" },
    "take-file": { says: "take away what was bound by hand and the file says otherwise (E_HELD)" },
    ...deciding,
  },
  more: [
    "FILE is a project file, or JSON with the contract of a new capability:",
    '{"capability": "explain", "input": {…JSON Schema…}, "output": {…}, "effects": "none", "tables": [], "publishes": []}',
  ],
  run: async (call) => {
    const { out, flags } = call;
    const source = await readSource(call);
    const contract = contractIn(source.text, source.file);
    if (contract !== undefined) return applyCapability(call, contract);
    const server = await call.server();
    const dryRun = flags.on("dry-run");
    const applied = await server.post(apply.answer, "/v1/projects", {
      body: { ...source, dryRun, ...decided(call) },
    });
    const held = await heldAgainst(server, applied);
    const takes = flags.on("take-file");
    out.show({ ...applied, held }, () => textFor(applied, source, dryRun));
    if (dryRun || !takes) sayHeld(call, held, applied);
    else await takeFile(call, server, held);
    if (dryRun) return applied.changes.length + held.length === 0 ? exit.pass : exit.fail;
    const [first = ""] = applied.subprojects;
    if (applied.position !== undefined && applied.version === 1) {
      out.next(`jackfield run ${applied.project}/${applied.subprojects.length === 1 ? first : "'*'"}`);
    }
    return exit.pass;
  },
};

interface Source {
  text: string;
  file: string;
}

async function readSource({ refs: [path], folder }: Call): Promise<Source> {
  if (path === "-") return { text: await textOf(process.stdin), file: "stdin" };
  if (path !== undefined) {
    const text = await readFile(resolve(folder, path), "utf8").catch((cause: unknown) => {
      throw new Problem("E_NOT_FOUND", `There is no file ${path}`, { cause });
    });
    return { text, file: path };
  }
  const found = findProject(folder);
  if (found === undefined)
    throw new Problem("E_NOT_FOUND", `There is no ${projectFileName} in this folder or above`, {
      next: "go to the project's folder, or name the file: jackfield apply FILE",
    });
  const file = relative(folder, resolve(found.folder, projectFileName));
  return { text: found.text, file };
}

const lines = (text: string): number => text.split("\n").filter((line) => line.trim() !== "").length;

function textFor(applied: Applied, { text, file }: Source, dryRun: boolean): string {
  const { project, version, changes, subprojects } = applied;
  const named =
    subprojects.length <= 3
      ? `${subprojects.length === 1 ? "subproject" : "subprojects"} ${subprojects.join(", ")}`
      : many(subprojects.length, "subproject");
  const what = `${file} (${many(lines(text), "line")}): project ${project}, ${named}`;
  if (changes.length === 0) return `unchanged ${what}, version ${version}`;
  if (dryRun) return [`would apply ${what} as version ${version}`, ...changeLines(applied)].join("\n");
  return version === 1
    ? `applied ${what}`
    : [`applied ${what}, version ${version}`, ...changeLines(applied)].join("\n");
}

const changeLines = ({ changes }: Applied): string[] =>
  changes.map(({ path, from, to }) => {
    if (from === undefined) return `  + ${path}  ${JSON.stringify(to)}`;
    if (to === undefined) return `  - ${path}  ${JSON.stringify(from)}`;
    return `  ~ ${path}  ${JSON.stringify(from)} → ${JSON.stringify(to)}`;
  });
