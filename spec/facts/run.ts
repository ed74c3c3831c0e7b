import { z } from "zod";
import { descriptor } from "../event/artifact.ts";
import { fact } from "../event/contract.ts";
import { outcome } from "../event/outcome.ts";
import { problemReport } from "../event/problem.ts";
import { codeVersion } from "../project/code.ts";
import { configuration } from "../project/configuration.ts";
import { parameters } from "../project/rules.ts";
import { workflow } from "../project/workflow.ts";

const seed = z.int().min(0).max(2_147_483_647);
const exampleCode = {
  tree: { mediaType: "application/x-tar", digest: `sha256:${"9f".repeat(32)}`, size: 10_240 },
  commit: "9f31c2e",
  dirty: false,
};

/** Somebody asks for a run of a subproject. What is left out comes from the applied project. */
export const runRequested = fact("run.requested", {
  data: z.object({
    workflow: z.string().optional(),
    /** Values set for this run alone: path in the configuration (`train.params.trees`) → value. */
    set: parameters.optional(),
    code: codeVersion.optional(),
    /** Uploaded bytes by step: the file behind `fetch.from`. */
    files: z.record(z.string(), descriptor).optional(),
    seed: seed.optional(),
    /** A new seed, instead of the one of the last run of this run configuration. */
    fresh: z.boolean().optional(),
    cache: z.boolean().optional(),
    /** Read the source again, and so make a new data version. */
    refresh: z.boolean().optional(),
    /** The run that this one does again; it takes over what it asked for and pins handlers anew. */
    retryof: z.string().optional(),
    reason: z.string().max(1_000).optional(),
  }),
  example: { code: exampleCode, files: {} },
});

/** The conductor took the request: everything the run needs is pinned here by value. */
export const runStarted = fact("run.started", {
  data: z.object({
    runname: z.string(),
    workflow,
    configuration: configuration.optional(),
    /** Capability → handler at the start. */
    bindings: z.record(z.string(), z.string()),
    /** Capability → who gets the same work and never decides. */
    shadows: z.record(z.string(), z.array(z.string())).optional(),
    code: codeVersion.optional(),
    files: z.record(z.string(), descriptor),
    seed,
    splitSeed: seed,
    cache: z.boolean(),
    refresh: z.boolean(),
    depth: z.int().min(1).max(16),
    /** Which configuration version it acts under. */
    version: z.int().min(1).max(2_147_483_647).optional(),
    retryof: z.string().optional(),
    /** Digest of configuration, data and code: what makes another run comparable. */
    runconfiguration: z.string(),
    /** Inputs of a run that is one task by itself. */
    inputs: z.record(z.string(), z.unknown()).optional(),
  }),
  example: {
    runname: "seattle-1",
    workflow: { name: "task", steps: [{ name: "fetch", capability: "fetch", needs: [], with: {} }] },
    bindings: { fetch: "fetch" },
    files: {},
    seed: 1_804_289_383,
    splitSeed: 7,
    cache: true,
    refresh: false,
    depth: 1,
    runconfiguration: `sha256:${"0".repeat(64)}`,
  },
});

const taskCount = z.int().min(0).max(2_147_483_647);

/** The one outcome of a run, final. */
export const runFinished = fact("run.finished", {
  data: z.object({
    outcome,
    /** `none`: it passed, but nothing judged it. */
    verdict: z.enum(["pass", "warning", "fail", "none"]),
    /** Items of a foreach are tasks too. */
    tasks: z.object({ total: taskCount, cached: taskCount }),
    /** Why it did not pass: the first task that ended it. */
    because: z
      .object({ task: z.string(), problem: problemReport.optional(), message: z.string().optional() })
      .optional(),
    metrics: z.record(z.string(), z.number()).optional(),
    workSeconds: z.number().min(0),
  }),
  example: {
    outcome: "pass",
    verdict: "pass",
    tasks: { total: 4, cached: 0 },
    metrics: { accuracy: 0.8356 },
    workSeconds: 2.2,
  },
});

const decided = z.object({ reason: z.string().max(1_000).optional(), by: z.string().optional() });

/** Nothing new is triggered; what is at work finishes. */
export const runPaused = fact("run.paused", { data: decided, example: { reason: "machine needed" } });
export const runResumed = fact("run.resumed", { data: decided, example: {} });
/** Handlers at work are told through their leases. */
export const runAborted = fact("run.aborted", { data: decided, example: { reason: "wrong data" } });
/** A request that cannot become a run; it is kept, and its sender can see why. */
export const runRefused = fact("run.refused", {
  data: z.object({ problem: problemReport }),
  example: { problem: { code: "E_NOT_FOUND", what: "No subproject lyon in project weather" } },
});
