import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import { Problem, problemFrom } from "@jackfield/problem/problem";
import { problemReport } from "@jackfield/spec/event/problem";
import type { Address } from "./address.ts";

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Sending {
  body: unknown;
  query?: Query;
  headers?: Readonly<Record<string, string>>;
}

/** The HTTP door of a Jackfield. Refusals come back as the Problem that the server named. */
export interface Server {
  readonly address: Address;
  get<Answer extends z.ZodType>(answer: Answer, path: string, query?: Query): Promise<z.output<Answer>>;
  post<Answer extends z.ZodType>(answer: Answer, path: string, sending: Sending): Promise<z.output<Answer>>;
  /** The bare response, for bytes and streams; an answer that is no success is thrown. */
  ask(path: string, options?: RequestInit & { query?: Query }): Promise<Response>;
}

export interface ServerOptions {
  token?: string | undefined;
  signal: AbortSignal;
}

/** A segment of a path; refs and event ids have slashes of their own. */
export const segment = (text: string): string => encodeURIComponent(text);

export function openServer(address: Address, { token, signal }: ServerOptions): Server {
  const own = token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` };
  const ask: Server["ask"] = async (path, { query, ...options } = {}) => {
    const url = `${address.url}${path}${queryText(query)}`;
    const headers = { ...own, ...Object.fromEntries(new Headers(options.headers)) };
    const response = await reach(address, url, { signal, ...options, headers });
    if (!response.ok) throw await problemOf(response, url);
    return response;
  };
  return {
    address,
    ask,
    get: async (answer, path, query) =>
      parsed(answer, await ask(path, { ...(query !== undefined && { query }) }), path),
    post: async (answer, path, { body, query, headers }) => {
      const response = await ask(path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
        ...(query !== undefined && { query }),
      });
      return parsed(answer, response, path);
    },
  };
}

function queryText(query: Query = {}): string {
  const said = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) said.set(key, String(value));
  return said.size === 0 ? "" : `?${said.toString()}`;
}

async function parsed<Answer extends z.ZodType>(
  answer: Answer,
  response: Response,
  path: string,
): Promise<z.output<Answer>> {
  const result = answer.safeParse(await response.json());
  if (result.success) return result.data;
  throw new Problem("E_BROKEN", `The answer to ${path} is not understood`, {
    why: result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n"),
    next: "command and server may be of different releases: jackfield doctor",
  });
}

/** A server that is just starting, or restarting, refuses for a moment. */
async function reach(address: Address, url: string, options: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetch(url, options);
    } catch (cause) {
      options.signal?.throwIfAborted();
      const again = attempt < 3 && (options.method ?? "GET") === "GET";
      if (!again) throw unreachable(address, cause);
      await delay(100 * attempt);
    }
  }
}

function unreachable({ url, from }: Address, cause: unknown): Problem {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const reason = inner instanceof Error ? inner.message : String(inner);
  return new Problem("E_UNREACHABLE", `No Jackfield answers at ${url}`, {
    why: `${reason === "" ? "no connection" : reason}; the address is from ${from}`,
    next: "jackfield up, or set JACKFIELD_URL to where it is",
    cause,
  });
}

async function problemOf(response: Response, url: string): Promise<Problem> {
  const text = await response.text();
  const said = problemReport.safeParse(json(text));
  if (said.success) return problemFrom(said.data);
  const what = `The server answered ${response.status} ${response.statusText} to ${url}`;
  if (response.status === 404) return new Problem("E_NOT_FOUND", what);
  return new Problem(response.status >= 500 ? "E_UNREACHABLE" : "E_BROKEN", what, {
    ...(text !== "" && { why: text.slice(0, 500) }),
  });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
