import { Problem } from "@jackfield/problem/problem";

export interface Comment {
  id: number;
  body: string;
  /** Could somebody from outside have written it? Then it is not ours, whatever it begins with. */
  trusted: boolean;
}

export interface Status {
  state: "pending" | "success" | "failure" | "error";
  context: string;
  /** One line. */
  description: string;
  url?: string | undefined;
}

/** What is asked of GitHub or GitLab. */
export interface CodeHost {
  /** A page of the comments of the change, from 1; the last page is short or empty. */
  comments(change: string, page: number): Promise<{ comments: Comment[]; more: boolean }>;
  addComment(change: string, body: string): Promise<void>;
  changeComment(change: string, id: number, body: string): Promise<void>;
  setStatus(status: Status): Promise<void>;
}

export const perPage = 100;
const withinMs = 15_000;

export interface HostCall {
  method: "GET" | "POST" | "PUT" | "PATCH";
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: unknown;
}

/** @throws Problem E_CODE_HOST with what the host said; its answer never holds the token. */
export async function callHost({
  method,
  url,
  headers,
  body,
}: HostCall): Promise<{ headers: Headers; json: unknown }> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    redirect: "error",
    signal: AbortSignal.timeout(withinMs),
  }).catch((cause: unknown) => {
    throw new Problem("E_CODE_HOST", `${method} ${url} had no answer`, { why: String(cause), cause });
  });
  const text = await response.text();
  if (response.ok) return { headers: response.headers, json: text === "" ? null : JSON.parse(text) };
  throw new Problem("E_CODE_HOST", `${method} ${url} was answered with ${response.status}`, {
    why: text.slice(0, 500),
    ...([401, 403, 404].includes(response.status) && { next: "the job's token must be allowed to do this" }),
  });
}
