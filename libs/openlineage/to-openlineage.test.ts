import { readdirSync, readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { exampleTable } from "@jackfield/spec/event/example";
import { isAtHand, officialSchemas, skipWithout } from "../../test/bed/official.ts";
import type { Dataset, Facet, RunEvent } from "./run-event.ts";
import { uuidOf } from "./run-uuid.ts";
import { toOpenlineage } from "./to-openlineage.ts";

const at = "2026-05-01T10:00:00.000Z";
const examples = new URL("../../spec/published/examples/", import.meta.url);
const published = readdirSync(examples).map(
  // Checked against its schema when it was written.
  (name) => JSON.parse(readFileSync(new URL(name, examples), "utf8")) as CloudEvent,
);
const place = { project: "weather", subproject: "seattle", run: "r1" };
const example = (short: string, changed: Partial<CloudEvent> = {}): CloudEvent => ({
  ...published.find(({ type }) => type.includes(`jackfield-${short}.`))!,
  ...place,
  ...changed,
});
const said = (event: CloudEvent): RunEvent => toOpenlineage({ event, at })[0]!;
const answer = { subject: "r1/train", triggeredid: "r1/train/command/1/triggered" };

const story = [
  example("run.started"),
  example("train.triggered", { ...answer, id: answer.triggeredid, triggeredid: undefined }),
  example("train.started", answer),
  example("train.progressed", answer),
  example("train.finished", answer),
  example("run.finished"),
];

test("a run and the attempt of its task start once, end once, and hang together", () => {
  const [run, task] = [uuidOf("r1"), uuidOf(answer.triggeredid)];
  expect(story.map(said).map(({ eventType, run: { runId }, job }) => [eventType, runId, job.name])).toEqual([
    ["START", run, "weather/seattle"],
    ["START", task, "weather/seattle.train"],
    ["RUNNING", task, "weather/seattle.train"],
    ["RUNNING", task, "weather/seattle.train"],
    ["COMPLETE", task, "weather/seattle.train"],
    ["COMPLETE", run, "weather/seattle"],
  ]);
  expect(said(story[1]!).run.facets?.["parent"]).toMatchObject({
    run: { runId: run },
    job: { namespace: "jackfield:default", name: "weather/seattle" },
  });
  expect(run).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("what one task leaves is what another one takes: the same bytes, the same dataset", () => {
  const split = said(example("split.finished", { subject: "r1/split", triggeredid: "t" }));
  const trained = said(story[1]!);
  const names = (datasets: Dataset[] | undefined) => datasets?.map(({ namespace, name }) => `${namespace} ${name}`);
  expect(names(trained.inputs)?.length).toBeGreaterThan(0);
  expect(names(split.outputs)).toEqual(expect.arrayContaining(names(trained.inputs) ?? []));
  expect(trained.inputs?.[0]).toMatchObject({
    facets: {
      version: { datasetVersion: exampleTable.digest },
      schema: { fields: exampleTable.columns.map(({ name, type }) => ({ name, type })) },
      datasetType: { datasetType: "TABLE" },
    },
    inputFacets: { dataQualityMetrics: { rowCount: 1_461, columnMetrics: { weather: { nullCount: 0 } } } },
  });
}); // prettier-ignore

test("a model is a dataset of its own type, and parameters are text", () => {
  const outputs = { model: { mediaType: "application/octet-stream", digest: `sha256:${"a".repeat(64)}`, size: 7 } };
  const { outputs: left } = said(example("train.finished", { ...answer, data: { outputs } }));
  expect(left).toMatchObject([{ name: outputs.model.digest, facets: { datasetType: { datasetType: "MODEL" } } }]);
  const parameters = said(story[1]!).run.facets?.["executionParameters"]?.["parameters"];
  expect(parameters).toEqual(expect.arrayContaining([{ key: "trees", value: "100" }]));
}); // prettier-ignore

test.each([
  ["data/weather.csv", { namespace: "file", name: "data/weather.csv" }],
  ["s3://bucket/a/b.parquet", { namespace: "s3://bucket", name: "a/b.parquet" }],
  ["https://example.org/w.csv", { namespace: "https://example.org", name: "w.csv" }],
])("fetch reads %s from outside", (from, dataset) => {
  const triggered = example("fetch.triggered");
  const data = { ...(triggered.data as object), inputs: { source: { from } } };
  expect(said({ ...triggered, data }).inputs).toEqual([dataset]);
});

test.each([
  ["succeeded", "warning", "COMPLETE"],
  ["succeeded", "fail", "FAIL"],
  ["errored", undefined, "FAIL"],
  ["timedout", undefined, "FAIL"],
  ["aborted", undefined, "ABORT"],
] as const)("%s with %s ends with %s, and says why when it is no success", (status, result, expected) => {
  const data = { problem: { code: "E_COMMAND", what: "It broke." } };
  const event = said(example("train.finished", { ...answer, status, result, data }));
  expect(event.eventType).toBe(expected);
  const message: unknown = event.run.facets?.["errorMessage"]?.["message"];
  expect(message).toBe(expected === "COMPLETE" ? undefined : "It broke.");
});

test("items of a foreach are runs of one job; what belongs to no run is not told", () => {
  const item = { subject: "r1/trials/@3", triggeredid: "r1/trials/@3/c/1/triggered" };
  expect(said(example("train.finished", item)).job.name).toBe("weather/seattle.trials");
  const untold = published.filter(({ type }) => /jackfield-(model|config|binding|handler|code)\./.test(type));
  expect(untold.length).toBeGreaterThan(4);
  expect(untold.flatMap((event) => toOpenlineage({ event, at }))).toEqual([]);
  const requested = example("train.requested");
  expect(toOpenlineage({ event: requested, at })).toEqual([]);
  const joined = example("train.finished", { subject: "r1/trials", triggeredid: undefined });
  expect(toOpenlineage({ event: joined, at })).toEqual([]);
});

describe("against the official schemas of OpenLineage 2-0-2", () => {
  beforeEach(skipWithout("openlineage"));
  const wrong = isAtHand("openlineage") ? officialSchemas("openlineage") : () => "not at hand";
  const told = [...story, ...published.map((event) => ({ ...event, ...place }))].flatMap((event) =>
    toOpenlineage({ event, at }),
  );
  const facetsOf = ({ run, job, inputs = [], outputs = [] }: RunEvent): Facet[] =>
    [
      run.facets,
      job.facets,
      ...[...inputs, ...outputs].flatMap((one) => [one.facets, one.inputFacets, one.outputFacets]),
    ].flatMap((facets) => Object.values(facets ?? {}));

  test("every event is a RunEvent, and each of its facets keeps the schema that it names", () => {
    expect(told.length).toBeGreaterThan(15);
    for (const event of told) {
      expect(wrong(event.schemaURL, event)).toBeUndefined();
      for (const facet of facetsOf(event)) expect(wrong(facet._schemaURL, facet)).toBeUndefined();
    }
    expect(new Set(told.flatMap(facetsOf).map(({ _schemaURL }) => _schemaURL)).size).toBeGreaterThan(7);
  });

  test("the schemas refuse what is not", () => {
    const [event] = told;
    const run = { ...event?.run, runId: "r1" };
    expect(wrong(event?.schemaURL ?? "", { ...event, run })).toContain("uuid");
    const facet = { ...facetsOf(told[1]!)[0], job: undefined };
    expect(wrong(facet._schemaURL ?? "", JSON.parse(JSON.stringify(facet)))).toContain("job");
  });
});
