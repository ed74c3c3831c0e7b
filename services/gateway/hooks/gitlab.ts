import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { z } from "zod";
import { foreignBy, pushed, standardBy, type Delivery, type StandardName } from "./change.ts";

const text = z.string().min(1).max(500);
const inProject = z.object({ project: z.object({ path_with_namespace: text, web_url: z.url() }) });
const push = z.object({ ref: text, before: text, after: text });
const merge = z.object({ object_attributes: z.object({ iid: z.int(), action: text.nullish() }) });
const release = z.object({ action: text, tag: text, url: z.url() });

const changes: Readonly<Record<string, StandardName>> = {
  open: "change.created",
  reopen: "change.created",
  update: "change.updated",
  merge: "change.merged",
  close: "change.abandoned",
};

/**
 * A delivery of GitLab → our events; none for kinds that say nothing of code. `kind` is X-Gitlab-Event.
 * @throws ZodError for a body that is not of its kind. @see https://docs.gitlab.com/user/project/integrations/webhook_events
 */
export function fromGitlab(
  kind: string,
  body: unknown,
  { id, project, time }: Pick<Delivery, "id" | "project" | "time">,
): CloudEvent[] {
  const read = readers[kind];
  if (read === undefined) return [];
  const { project: in_ } = inProject.parse(body);
  return read(body, { id, project, time, repository: in_.path_with_namespace, source: in_.web_url });
}

const readPush = (body: unknown, delivery: Delivery): CloudEvent[] => pushed(delivery, push.parse(body));

const readers: Readonly<Record<string, (body: unknown, delivery: Delivery) => CloudEvent[]>> = {
  "Push Hook": readPush,
  "Tag Push Hook": readPush,
  "Merge Request Hook": (body, delivery) => {
    const { iid, action } = merge.parse(body).object_attributes;
    const name = changes[action ?? ""];
    return name === undefined ? [] : [standardBy(delivery, name, { id: String(iid) })];
  },
  "Release Hook": (body, delivery) => {
    const { action, tag, url } = release.parse(body);
    return [foreignBy(delivery, `com.gitlab.release.${action}`, tag, { tag, url })];
  },
};
