import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { z } from "zod";
import { foreignBy, pushed, standardBy, type Delivery, type StandardName } from "./change.ts";

const text = z.string().min(1).max(500);
const repository = z.object({ full_name: text, html_url: z.url() });
const inRepository = z.object({ repository });
const push = z.object({ ref: text, before: text, after: text });
const pull = z.object({
  action: text,
  number: z.int(),
  pull_request: z.object({ merged: z.boolean().nullish() }),
});
const release = z.object({
  action: text,
  release: z.object({ id: z.int(), tag_name: text, html_url: z.url(), prerelease: z.boolean().nullish() }),
});

const changes: Readonly<Record<string, StandardName>> = {
  opened: "change.created",
  reopened: "change.created",
  synchronize: "change.updated",
  edited: "change.updated",
  ready_for_review: "change.updated",
};

/**
 * A delivery of GitHub → our events; none for kinds that say nothing of code. `kind` is X-GitHub-Event.
 * @throws ZodError for a body that is not of its kind. @see https://docs.github.com/webhooks/webhook-events-and-payloads
 */
export function fromGithub(
  kind: string,
  body: unknown,
  { id, project, time }: Pick<Delivery, "id" | "project" | "time">,
): CloudEvent[] {
  const read = readers[kind];
  if (read === undefined) return [];
  const { repository: in_ } = inRepository.parse(body);
  return read(body, { id, project, time, repository: in_.full_name, source: in_.html_url });
}

const readers: Readonly<Record<string, (body: unknown, delivery: Delivery) => CloudEvent[]>> = {
  push: (body, delivery) => pushed(delivery, push.parse(body)),
  pull_request: (body, delivery) => {
    const { action, number, pull_request } = pull.parse(body);
    const closed = pull_request.merged === true ? "change.merged" : "change.abandoned";
    const name = action === "closed" ? closed : changes[action];
    return name === undefined ? [] : [standardBy(delivery, name, { id: String(number) })];
  },
  release: (body, delivery) => {
    const { action, release: said } = release.parse(body);
    const data = { tag: said.tag_name, url: said.html_url, prerelease: said.prerelease ?? false };
    return [foreignBy(delivery, `com.github.release.${action}`, said.tag_name, data)];
  },
};
