import { expect, test } from "vitest";
import { publishedContract } from "@jackfield/spec/facts/capability";
import type { CapabilityEntry } from "@jackfield/spec/event/contract";
import { boundTo } from "./bindings.ts";
import { catalogueIn, publication } from "./capabilities.ts";
import { inWords, Story } from "./story.ts";
import { answer, builtInCatalogue, description, newest, registered, said, weather } from "./story-events.ts";

const contract = (parts: Partial<CapabilityEntry> = {}): CapabilityEntry =>
  publishedContract.parse({
    name: "explain",
    input: { type: "object" },
    output: { type: "object" },
    ...parts,
  });
const ours = { builtIn: builtInCatalogue, subjects: new Set(["run", "model", "dataset"]) };
const fact = (story: Story, parts: Partial<CapabilityEntry> = {}) =>
  publication(story.state, { contract: contract(parts), by: "ana" }, ours, story.now());

function publish(story: Story, parts: Partial<CapabilityEntry> = {}): Story {
  const event = fact(story, parts);
  return event === undefined ? story : story.given(event);
}

test("A published capability is asked for, bound, and leads to the facts that its contract names", () => {
  const story = publish(weather(new Story(builtInCatalogue)), {
    publishes: [
      { fact: "explanation.published", resource: "/run", version: "/digest", data: { why: "/why" } },
    ],
  });
  registered(story, description("shap", ["explain"]));
  const known = catalogueIn(story.state, builtInCatalogue);
  expect(boundTo(story.state, { project: "weather" }, "explain", known).handler).toBe("shap");
  story.when(said("explain.requested", { subproject: "seattle", data: { inputs: { model: "m" } } }));
  const triggered = newest(story, "explain.triggered");
  const answered = story.when(answer(triggered, "pass", { outputs: { digest: "d1", why: "rain" } }));
  expect(answered.map(inWords)).toEqual(["explanation.published", "run.finished pass"]);
  expect(answered[0]).toMatchObject({ data: { why: "rain" }, project: "weather" });
});

test("The same contract again is nothing new; another one is a higher version, or is refused", () => {
  const story = publish(weather(new Story(builtInCatalogue)));
  expect(fact(story)).toBeUndefined();
  expect(() => fact(story, { tables: ["rows"] })).toThrow("explain is published as 1.0.0");
  publish(story, { version: "1.1.0", tables: ["rows"] });
  expect(catalogueIn(story.state, builtInCatalogue).get("explain")?.version).toBe("1.1.0");
  expect(() => fact(story)).toThrow(expect.objectContaining({ code: "E_CONFLICT" }));
});

test("Words of our own are no names, and facts of our own do not follow from what others answer", () => {
  const story = weather(new Story(builtInCatalogue));
  for (const name of ["train", "run", "foreach"])
    expect(() => fact(story, { name })).toThrow(`${name} is a word of Jackfield's own`);
  const leads = (to: string) => () =>
    fact(story, { publishes: [{ fact: to, resource: "/run", version: "/v", data: {} }] });
  expect(leads("run.finished")).toThrow("cannot lead to run.finished");
  expect(leads("other.finished")).toThrow("cannot lead to other.finished");
  expect(leads("model.published")).not.toThrow();
});
