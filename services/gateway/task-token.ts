import { createHmac, timingSafeEqual } from "node:crypto";
import { Problem } from "@jackfield/problem/problem";
import { digest } from "@jackfield/spec/event/artifact";
import { cloudEvent } from "@jackfield/spec/event/envelope";
import { z } from "zod";

/** What a runner's token says: which task it holds, and so what it may answer, read and store. */
const ticket = z.object({
  assignment: z.object({
    /** The `triggered` without its data, which an answer does not repeat. */
    triggered: cloudEvent,
    task: z.string(),
    handler: z.string(),
    attempt: z.int(),
    instance: z.string(),
  }),
  /** Digests of the inputs, which the runner may read before the tracker has seen who uses them. */
  inputs: z.array(digest),
  until: z.string(),
});

export type Ticket = z.output<typeof ticket>;

export interface TaskTokens {
  sign(ticket: Ticket): string;
  /** @throws Problem E_TOKEN_SCOPE for a token that is not ours, is over, or is for another task. */
  open(token: string, now: Date, task?: string): Ticket;
}

/** Tokens carry what they stand for, signed: a gateway that starts anew knows them all, and keeps no list. */
export function createTokens(secret: string): TaskTokens {
  const signatureOf = (body: string): Buffer => createHmac("sha256", secret).update(body).digest();
  return {
    sign: (content) => {
      const body = Buffer.from(JSON.stringify(content)).toString("base64url");
      return `${body}.${signatureOf(body).toString("base64url")}`;
    },
    open: (token, now, task) => {
      const [body = "", signature = ""] = token.split(".");
      const given = Buffer.from(signature, "base64url");
      const right = signatureOf(body);
      if (given.byteLength !== right.byteLength || !timingSafeEqual(given, right))
        throw foreign("This is no token of a task.");
      // It was signed by us, so it is what we wrote.
      const content = ticket.parse(JSON.parse(Buffer.from(body, "base64url").toString("utf8")));
      if (Date.parse(content.until) < now.getTime()) throw foreign(`This token ended at ${content.until}.`);
      if (task !== undefined && content.assignment.task !== task)
        throw foreign(`This token is for another task, not for ${task}.`);
      return content;
    },
  };
}

const foreign = (what: string): Problem =>
  new Problem("E_TOKEN_SCOPE", what, {
    next: "a task's token comes with the task (GET /v1/handlers/<name>/next) and is good for that task alone",
  });
