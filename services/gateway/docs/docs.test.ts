import openApi from "@jackfield/spec/openapi.json" with { type: "json" };
import { expect, test } from "vitest";
import { docsPage, type Described } from "./page.ts";
import { schemaText } from "./schema-text.ts";

const described: Described = openApi;

test("the page has every route, and leads only to what stands on it", () => {
  const page = docsPage(described);
  for (const path of Object.keys(openApi.paths)) expect(page).toContain(`<code>${path}</code>`);
  const links = [...page.matchAll(/href="#(\w+)"/g)].map(([, name]) => name);
  const places = new Set([...page.matchAll(/id="(\w+)"/g)].map(([, name]) => name));
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter((name) => !places.has(name ?? ""))).toEqual([]);
});

test("a schema reads like a type, with what bounds it", () => {
  const schema = {
    type: "object",
    properties: {
      run: { type: "string", pattern: "^[a-z]+$" },
      limit: { type: "integer", minimum: 1, maximum: 500 },
      rows: { type: "array", items: { $ref: "#/components/schemas/RunRow" } },
      how: { anyOf: [{ const: "all" }, { enum: ["first", "last"] }] },
    },
    required: ["run"],
  };
  expect(schemaText(schema)).toBe(
    '{\n  run: string (pattern ^[a-z]+$)\n  limit?: integer (minimum 1, maximum 500)\n  rows?: [#RunRow, …]\n  how?: "all" | "first" | "last"\n}',
  );
});

test("what a description says cannot become markup", () => {
  const summary = "<script>alert(1)</script>";
  const page = docsPage({
    info: { title: "a<b", version: "1" },
    paths: { "/x": { get: { summary, parameters: [], responses: {} } } },
    components: { schemas: {} },
  });
  expect(page).not.toContain("<script>");
  expect(page).toContain("&lt;script&gt;");
});
