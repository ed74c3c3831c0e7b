import { execFile } from "node:child_process";
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openShop, shopFile, type Shop } from "jackfield/fixture/shop";
import { openLocalHost, type LocalHost } from "jackfield/fixture/code-host";
import { parse } from "yaml";

const house = resolve(import.meta.dirname, "../..");
const read = (name: string): Promise<string> => readFile(join(import.meta.dirname, name), "utf8");

/** The value at a path of a YAML file. */
const at = async (name: string, ...path: (string | number)[]): Promise<unknown> =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null
        ? Object.entries(value).find(([own]) => own === String(key))?.[1]
        : undefined,
    parse(await read(name)),
  );

/** What stands between two marks of a file that is no YAML. */
const between = async (name: string, open: string, close: string): Promise<string> =>
  (await read(name)).split(open)[1]?.split(close)[0] ?? "";

const token = `jf_${"a".repeat(43)}`;
let shop: Shop;
let host: LocalHost;
let tools: string;

beforeAll(async () => {
  shop = await openShop(`${shopFile}on: [code, data]\n`, token);
  host = await openLocalHost(({ asked }) => ({ json: asked.endsWith("/user") ? { id: 1 } : [] }));
  tools = await mkdtemp(join(tmpdir(), "jackfield-tools-"));
  const bin = join(tools, "jackfield");
  await writeFile(
    bin,
    `#!/bin/sh\nexec "${process.execPath}" "${house}/libs/client/bin/jackfield.mjs" "$@"\n`,
  );
  await chmod(bin, 0o755);
  expect((await shop.typed("apply")).exit).toBe(0);
}, 60_000);
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await rm(tools, { recursive: true });
});

interface Ran {
  code: number;
  said: string;
}

/** As a runner does: a shell in the checkout, with nothing but what the CI sets. */
function run(script: string, environment: Record<string, string>): Promise<Ran> {
  const env = {
    PATH: `${tools}:${process.env["PATH"] ?? ""}`,
    HOME: tools,
    JACKFIELD_URL: shop.url,
    JACKFIELD_TOKEN: token,
    ...environment,
  };
  return new Promise((done) => {
    execFile("sh", ["-e", "-c", script], { cwd: shop.folder, env }, (error, out, err) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, said: out + err });
    });
  });
}

const github = async (attempt: string): Promise<Ran> => {
  const script = await at("github-actions.yaml", "jobs", "model", "steps", 1, "run");
  return run(String(script), {
    GITHUB_API_URL: host.url,
    GITHUB_REPOSITORY: "acme/shop",
    GITHUB_REPOSITORY_ID: "42",
    GITHUB_RUN_ID: "7",
    GITHUB_RUN_ATTEMPT: attempt,
    GITHUB_JOB: "model",
    GITHUB_SHA: "abc",
    GITHUB_REF: "refs/pull/3/merge",
    GITHUB_STEP_SUMMARY: join(tools, "summary.md"),
    GITHUB_TOKEN: "t",
  });
};

const gitlab = async (): Promise<Ran> => {
  const script = await at("gitlab-ci.yaml", "model", "script", 0);
  return run(String(script), {
    CI_API_V4_URL: host.url,
    CI_PROJECT_ID: "42",
    CI_PIPELINE_ID: "8",
    CI_JOB_ID: "9",
    CI_COMMIT_SHA: "abc",
    CI_MERGE_REQUEST_IID: "3",
    CI_JOB_NAME: "model",
    GITLAB_TOKEN: "t",
  });
};

const jenkins = async (): Promise<Ran> =>
  run(await between("Jenkinsfile", "sh '''", "'''"), { BUILD_TAG: "jenkins-shop-11" });

const tekton = async (): Promise<Ran> => {
  const script = await at("tekton-task.yaml", "spec", "steps", 0, "script");
  return run(String(script), { TYPE: "code.changed", ID: "tekton-uid", RESULT: join(tools, "exit-code") });
};

const argo = async (id: string): Promise<Ran> => {
  const script = await at("argo-workflow.yaml", "spec", "templates", 0, "script", "source");
  return run(String(script), { PROJECT: "shop", ID: id });
};

const airflow = async (): Promise<Ran> => {
  const script = await between("airflow_dag.py", 'bash_command="""', '"""');
  return run(script.replace("--project weather", "--project shop"), {
    ID: "airflow-model-20260101T000000-1",
  });
};

test.each([
  ["GitHub Actions", () => github("1")],
  ["GitLab CI", gitlab],
  ["Jenkins", jenkins],
  ["Tekton", tekton],
  ["Argo Workflows", () => argo("argo-1")],
  ["Airflow", airflow],
])(
  "%s hears that the model passes",
  async (_, step) => {
    const { code, said } = await step();
    expect(code, said).toBe(0);
    expect(said).toMatch(/shop-\d+/);
  },
  60_000,
);

test("what the snippets promise besides is there: summary, JUnit, comment, statuses, result", async () => {
  expect(await readFile(join(tools, "summary.md"), "utf8")).toContain("### ✅ pass");
  expect(await readFile(join(shop.folder, "jackfield.xml"), "utf8")).toContain(
    '<testsuites name="jackfield shop"',
  );
  expect(await readFile(join(tools, "exit-code"), "utf8")).toBe("0");
  const posts = host.calls.map(({ asked }) => asked).filter((asked) => asked.startsWith("POST"));
  expect(posts).toEqual([
    "POST /repos/acme/shop/statuses/abc",
    "POST /repos/acme/shop/issues/3/comments",
    "POST /repos/acme/shop/statuses/abc",
    "POST /projects/42/statuses/abc",
    "POST /projects/42/merge_requests/3/notes",
    "POST /projects/42/statuses/abc",
  ]);
});

test("a step that begins again finds its own story; a model that got worse ends both kinds of step with a failure", async () => {
  expect(await argo("argo-1")).toMatchObject({ code: 0 });
  await appendFile(
    join(shop.folder, "train.mjs"),
    '\nwriteFileSync(JACKFIELD_OUT + "/predictions.csv", "__row_id,prediction\\n" + rows.map((row) => row[0] + ",no\\n").join(""));\n',
  );
  expect((await github("2")).code).toBe(5);
  const { code, said } = await argo("argo-2");
  expect(code, said).toBe(1);
  expect(said).toContain('"outcome":"fail"');
}, 60_000);

test("everything that is fetched is pinned", async () => {
  const images = /(?:image:?|container:) '?([\w./:-]+)/g;
  for (const name of [
    "github-actions.yaml",
    "gitlab-ci.yaml",
    "Jenkinsfile",
    "tekton-task.yaml",
    "argo-workflow.yaml",
  ]) {
    const found = Array.from((await read(name)).matchAll(images), ([, image]) => image);
    expect(found.length, name).toBeGreaterThan(0);
    for (const image of found) expect(image).toMatch(/:\d+\.\d+\.\d+$/);
  }
  const actions = (await read("github-actions.yaml")).match(/- uses: \S+/g) ?? [];
  for (const action of actions) expect(action).toMatch(/@[0-9a-f]{40}$/);
});
