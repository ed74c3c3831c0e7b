import { z } from "zod";
import { problemReport } from "../event/problem.ts";
import type { Route } from "../http/route.ts";
import { jsonSchema, schemaInside, type Components, type Language } from "./gather.ts";

/** OpenAPI 3.1 of the gateway, from the same routes that check its requests. */
export function openApi(language: Language): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  const schemas: Components = {};
  schemas["ProblemBody"] = schemaInside(schemas, problemBody, "draft-2020-12");
  for (const route of language.routes) {
    const path = route.path.replaceAll(/:([a-z]+)/g, "{$1}");
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: operationOf(route, (schema) =>
        schemaInside(schemas, schema, "draft-2020-12"),
      ),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Jackfield gateway",
      version: "1.0.0",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:7733" }],
    paths,
    components: { schemas, securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  };
}

/** RFC 9457 problem details with our own members beside the standard ones. */
const problemBody = problemReport.extend({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
});

function operationOf(route: Route, plain: (schema: z.ZodType) => unknown): unknown {
  const requestTypes = route.raw?.request ?? ["application/json"];
  const answerType = route.raw?.response ?? "application/json";
  const hasBody = route.method !== "GET" && (route.raw?.request !== undefined || hasProperties(route.body));
  return {
    summary: route.summary,
    "x-scope": route.scope,
    ...(route.scope !== "public" && route.scope !== "signed" && { security: [{ token: [route.scope] }] }),
    operationId: `${route.method.toLowerCase()}${route.path.replaceAll(/[^A-Za-z0-9]+/g, "-")}`.replace(
      /-$/,
      "",
    ),
    parameters: [...parametersOf(plain(route.params), "path"), ...parametersOf(plain(route.query), "query")],
    ...(hasBody && {
      requestBody: {
        required: true,
        content: Object.fromEntries(requestTypes.map((type) => [type, { schema: plain(route.body) }])),
      },
    }),
    responses: {
      [String(route.status)]: {
        description: "As asked",
        content: { [answerType]: { schema: plain(route.answer) } },
      },
      default: {
        description: "A problem that names the place and the way out",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/ProblemBody" } } },
      },
    },
  };
}

const propertiesOf = (schema: unknown): [string, unknown][] =>
  Object.entries((schema as { properties?: object }).properties ?? {});

const hasProperties = (schema: z.ZodType): boolean =>
  propertiesOf(jsonSchema(schema)).length > 0 || !(schema instanceof z.ZodObject);

const parametersOf = (schema: unknown, place: "path" | "query"): unknown[] =>
  propertiesOf(schema).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path",
    schema: property,
  }));
