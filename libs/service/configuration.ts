import type { StreamOptions } from "@jackfield/events/stream";
import { z } from "zod";
import { Problem } from "@jackfield/problem/problem";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings that every service has; each is named like its variable, so an error can name it. */
export const serviceSettings = z.object({
  JACKFIELD_NATS_URL: z.string().min(1),
  /** The path of a `.creds` file: who this is on NATS. */
  JACKFIELD_NATS_CREDS: z.string().optional(),
  JACKFIELD_POSTGRES_URL: z.string().optional(),
  JACKFIELD_ARTIFACTS_URL: z.string().optional(),
  /** `acme` gives stream `acme_EVENTS` and subjects `acme.evt.>`, for a NATS that is shared. */
  JACKFIELD_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,40}$/)
    .optional(),
  JACKFIELD_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});

/** How large the stream may grow, and on how many servers of a cluster it lies; for whoever makes it when there is none. */
export const streamSettings = z.object({
  JACKFIELD_STREAM_BYTES: z.coerce
    .number()
    .int()
    .min(1_048_576)
    .max(Number.MAX_SAFE_INTEGER)
    .default(1_073_741_824),
  JACKFIELD_STREAM_REPLICAS: z.coerce.number().int().min(1).max(5).default(1),
});

export const streamOptionsIn = (settings: z.output<typeof streamSettings>): StreamOptions => ({
  maxBytes: settings.JACKFIELD_STREAM_BYTES,
  replicas: settings.JACKFIELD_STREAM_REPLICAS,
});

export type ServiceSettings = z.output<typeof serviceSettings>;

/**
 * Reads settings once, at the door. An empty variable counts as not set.
 * @throws Problem E_CONFIG that names the variable, what is wrong with it, and the fix.
 */
export function readConfig<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment,
): z.output<Schema> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const variable = first?.path.join(".") ?? "?";
  const missing = !(variable in given);
  throw new Problem("E_CONFIG", `The setting ${variable} is ${missing ? "missing" : "wrong"}`, {
    why: parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n"),
    next: `set the environment variable ${variable} and start again`,
  });
}
