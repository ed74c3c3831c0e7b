import { z } from "zod";
import { fact } from "../event/contract.ts";
import { capabilityName, contractVersion, scopeName } from "../event/names.ts";

/** What a handler says of itself when it asks to be heard. */
export const handlerDescription = z
  .object({
    handler: scopeName,
    /** Built-in: the release's major; others: 8 characters of the digest of their files. */
    version: z.string().regex(/^[A-Za-z0-9._-]{1,40}$/),
    /** Capability → the lowest and highest contract version it speaks. */
    contracts: z.record(capabilityName, z.object({ from: contractVersion, to: contractVersion })),
    /** Digest of what it runs in, as far as that changes answers. */
    environment: z.string().optional(),
    /** The one project it works for; `null` for every project. */
    project: scopeName.nullable(),
  })
  .meta({ id: "HandlerDescription" });

export type HandlerDescription = z.output<typeof handlerDescription>;

/** A handler is there, or is there in another version. Said on change only. */
export const handlerRegistered = fact("handler.registered", {
  data: handlerDescription,
  example: {
    handler: "logistic",
    version: "3f9a12bc",
    contracts: { train: { from: "1.0.0", to: "1.0.0" } },
    project: "weather",
  },
});

/** No instance of a handler asked for three intervals. */
export const handlerLost = fact("handler.lost", {
  data: z.object({ handler: scopeName, project: scopeName.nullable(), silentSeconds: z.number().min(0) }),
  example: { handler: "logistic", project: "weather", silentSeconds: 15 },
});
