import { z } from "zod";
import { descriptor, digest } from "../event/artifact.ts";
import { scopeName } from "../event/names.ts";
import { positionText } from "../event/position.ts";
import { route } from "./route.ts";

const params = z.object({ digest });

export const putArtifact = route("PUT", "/v1/artifacts/:digest", {
  summary: "Store bytes under their digest; Content-Range resumes; the same bytes again change nothing",
  scope: "emit",
  orTask: true,
  within: "answer",
  params,
  /** A task's token is enough to store what the task made. */
  query: z.object({ token: z.string().optional() }),
  answer: descriptor,
  status: 201,
  raw: { request: ["application/octet-stream"] },
});

export const getArtifact = route("GET", "/v1/artifacts/:digest", {
  summary: "The bytes of an artifact that an event of the project refers to; ranges are served",
  scope: "read",
  orTask: true,
  params,
  query: z.object({
    project: scopeName.optional(),
    token: z.string().optional(),
    after: positionText.optional(),
    /** A table as text, for who reads no Parquet: a header line, `__row_id` first, dates as ISO 8601. */
    format: z.enum(["csv"]).optional(),
  }),
  answer: z.unknown(),
  raw: { response: "application/octet-stream" },
});
