import { z } from "zod";

// One pattern, not a refinement beside it: names are in every event, and a refinement takes zod off its fast path.
export const scopePattern = /^(?!.*-\d+$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Organization, project, subproject, stage and handler: readable in files, URLs, subjects and shell words. */
export const scopeName = z
  .string()
  .regex(scopePattern, {
    error: ({ input }) =>
      typeof input === "string" && /-\d+$/.test(input)
        ? "must not end in -<digits>, which names runs"
        : "letters, digits, - and _, at most 64, beginning with a letter or digit",
  })
  .meta({ id: "ScopeName" });

export const capabilityName = z
  .string()
  .regex(/^[a-z]{2,30}$/, "2 to 30 lower-case letters")
  .meta({ id: "CapabilityName" });

export const stepName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, "a lower-case letter, then letters, digits and -, at most 40")
  .meta({ id: "StepName" });

/** Semantic version with single digits, as CDEvents custom types ask. */
export const contractVersion = z.string().regex(/^\d\.\d\.\d$/);

export type CapabilityName = z.output<typeof capabilityName>;

export const defaultOrganization = "default";
