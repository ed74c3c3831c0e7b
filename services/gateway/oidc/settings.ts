import { readFile } from "node:fs/promises";
import { Problem } from "@jackfield/problem/problem";
import { scopeName } from "@jackfield/spec/event/names";
import { scope } from "@jackfield/spec/http/scope";
import { z } from "zod";
import { isLoopback } from "../config.ts";

/** Names of repositories, owners and branches can be given away and taken by others; of these one has to be said. */
const immutable = ["repository_id", "repository_owner_id", "project_id", "namespace_id"] as const;

const rule = z.strictObject({
  /** Stands as "by" with what it decides. */
  as: scopeName,
  claims: z
    .record(z.string(), z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]))
    .refine((claims) => immutable.some((name) => name in claims), {
      error: `names one of ${immutable.join(", ")}: other claims can pass to somebody else`,
    }),
  project: scopeName,
  scopes: z.array(scope.exclude(["admin"])).min(1),
  source: z.string().min(2).max(200).optional(),
  /** Code of a pull request is code that nobody has looked at. */
  pullRequests: z.boolean().default(false),
});

const isSafe = (url: string): boolean =>
  URL.canParse(url) && (new URL(url).protocol === "https:" || isLoopback(new URL(url).hostname));

const issuer = z.strictObject({
  issuer: z.string().refine(isSafe, { error: "is an https URL" }),
  /** What the token has to be made for; CI is asked for it. The usual one would do for everybody of that owner. */
  audience: z.string().min(1),
  rules: z.array(rule).min(1),
});

const settings = z.strictObject({ issuers: z.array(issuer).min(1) });

export type Issuer = z.output<typeof issuer>;
export type Rule = z.output<typeof rule>;

/** The file that JACKFIELD_OIDC names. @throws Problem E_CONFIG that names the place in it */
export async function readIssuers(file: string | undefined): Promise<Issuer[]> {
  if (file === undefined) return [];
  try {
    return settings.parse(JSON.parse(await readFile(file, "utf8"))).issuers;
  } catch (cause) {
    throw new Problem("E_CONFIG", "The file of JACKFIELD_OIDC cannot be understood.", {
      why: cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause),
      here: file,
      next: "services/gateway/README.md shows one",
      cause,
    });
  }
}
