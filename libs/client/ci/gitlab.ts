import { z } from "zod";
import { Problem } from "@jackfield/problem/problem";
import { callHost, perPage, type CodeHost, type Comment, type Status } from "./code-host.ts";
import type { Pipeline } from "./pipeline.ts";

const me = z.object({ id: z.int() });
const notes = z.array(
  z.object({ id: z.int(), body: z.string(), system: z.boolean().optional(), author: me.nullish() }),
);

const commentOf = ({ id, body, author, system }: z.output<typeof notes>[number], ownId: number): Comment => ({
  id,
  body,
  trusted: author?.id === ownId && system !== true,
});

const states: Readonly<Record<Status["state"], string>> = {
  pending: "pending",
  success: "success",
  failure: "failed",
  error: "failed",
};

/** @see https://docs.gitlab.com/api/notes, https://docs.gitlab.com/api/commits#set-commit-pipeline-status */
export function gitlabHost({ api, token, repository, sha }: Pipeline): CodeHost {
  const root = `${api}/projects/${encodeURIComponent(repository)}`;
  const headers = { "private-token": token };
  const notesOf = (change: string): string => `${root}/merge_requests/${change}/notes`;
  let own: Promise<number> | undefined;
  const ownId = (): Promise<number> =>
    (own ??= callHost({ method: "GET", url: `${api}/user`, headers }).then(({ json }) => me.parse(json).id));
  return {
    comments: async (change, page) => {
      const url = `${notesOf(change)}?per_page=${perPage}&page=${page}&sort=asc&order_by=created_at`;
      const [author, { json, headers: answered }] = [
        await ownId(),
        await callHost({ method: "GET", url, headers }),
      ];
      const more = (answered.get("x-next-page") ?? "") !== "";
      return { more, comments: notes.parse(json).map((note) => commentOf(note, author)) };
    },
    addComment: async (change, body) => {
      await callHost({ method: "POST", url: notesOf(change), headers, body: { body } });
    },
    changeComment: async (change, id, body) => {
      await callHost({ method: "PUT", url: `${notesOf(change)}/${id}`, headers, body: { body } });
    },
    setStatus: async ({ state, context, description, url: target_url }) => {
      const body = {
        state: states[state],
        name: context,
        description: description.slice(0, 255),
        target_url,
      };
      const sent = callHost({ method: "POST", url: `${root}/statuses/${sha}`, headers, body });
      await sent.catch(unlessSaidAlready);
    },
  };
}

/** A job that is repeated says again what is said already; older GitLabs refuse that. */
function unlessSaidAlready(thrown: unknown): void {
  if (thrown instanceof Problem && thrown.why?.includes("Cannot transition status") === true) return;
  throw thrown;
}
