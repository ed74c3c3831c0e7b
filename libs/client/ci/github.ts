import { z } from "zod";
import { callHost, perPage, type CodeHost } from "./code-host.ts";
import type { Pipeline } from "./pipeline.ts";

const comments = z.array(
  z.object({
    id: z.int(),
    body: z.string().nullish(),
    user: z.object({ type: z.string() }).nullish(),
    author_association: z.string().nullish(),
  }),
);

const insiders = ["OWNER", "MEMBER", "COLLABORATOR"];

/** @see https://docs.github.com/en/rest/issues/comments, https://docs.github.com/en/rest/commits/statuses */
export function githubHost({ api, token, repository, sha }: Pipeline): CodeHost {
  const root = `${api}/repos/${repository}`;
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${token}`,
    "user-agent": "jackfield",
    "x-github-api-version": "2022-11-28",
  };
  return {
    comments: async (change, page) => {
      const url = `${root}/issues/${change}/comments?per_page=${perPage}&page=${page}`;
      const { json } = await callHost({ method: "GET", url, headers });
      const found = comments.parse(json);
      return {
        more: found.length === perPage,
        comments: found.map(({ id, body, user, author_association: by }) => ({
          id,
          body: body ?? "",
          trusted: user?.type === "Bot" || insiders.includes(by ?? ""),
        })),
      };
    },
    addComment: async (change, body) => {
      await callHost({ method: "POST", url: `${root}/issues/${change}/comments`, headers, body: { body } });
    },
    changeComment: async (_, id, body) => {
      await callHost({ method: "PATCH", url: `${root}/issues/comments/${id}`, headers, body: { body } });
    },
    setStatus: async ({ state, context, description, url: target_url }) => {
      const body = { state, context, description: description.slice(0, 140), target_url };
      await callHost({ method: "POST", url: `${root}/statuses/${sha}`, headers, body });
    },
  };
}
