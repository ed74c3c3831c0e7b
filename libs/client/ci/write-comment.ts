import type { CodeHost, Comment } from "./code-host.ts";

const mostPages = 50;

/**
 * The one comment of a pipeline about a project is written anew, or written for the first time. It is known by its first
 * line, which no reader sees.
 */
export async function writeComment(
  host: CodeHost,
  change: string,
  { marker, body }: { marker: string; body: string },
): Promise<void> {
  const text = `${marker}\n${body}`;
  const found = await findComment(host, change, marker);
  if (found === undefined) await host.addComment(change, text);
  else if (found.body !== text) await host.changeComment(change, found.id, text);
}

async function findComment(host: CodeHost, change: string, marker: string): Promise<Comment | undefined> {
  for (let page = 1; page <= mostPages; page += 1) {
    const { comments, more } = await host.comments(change, page);
    const found = comments.find(({ body, trusted }) => trusted && body.startsWith(`${marker}\n`));
    if (found !== undefined || !more) return found;
  }
  return undefined;
}

/** An HTML comment; whatever the names hold, it ends where it ends. */
export const markerOf = (project: string, pipeline: string): string =>
  `<!-- jackfield ${[project, pipeline].map((name) => encodeURIComponent(name).replaceAll("-", "%2D")).join(" ")} -->`;
