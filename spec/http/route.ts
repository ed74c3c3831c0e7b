import { z } from "zod";
import type { RouteScope } from "./scope.ts";

/**
 * One way into the gateway over HTTP: the check, the OpenAPI description and the handler's types are this value.
 * Path parameters are written `:name`.
 */
export interface Route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  summary: string;
  /** Whom it lets in; what says nothing is not registered. */
  scope: RouteScope;
  /** The token of a task, for what concerns that task, is enough as well. */
  orTask: boolean;
  /**
   * How it keeps a token for single projects within those: the request names one in path or query, or in its `body`, or
   * the `answer` is made for them.
   */
  within: "request" | "body" | "answer";
  params: Params;
  query: Query;
  body: Body;
  answer: Answer;
  status: number;
  /** Bytes or a stream instead of JSON. */
  raw?: { request?: string[]; response?: string };
}

const nothing = z.object({});

interface RouteParts<Params, Query, Body, Answer> {
  summary: string;
  scope: RouteScope;
  orTask?: boolean;
  within?: "body" | "answer";
  params?: Params;
  query?: Query;
  body?: Body;
  answer: Answer;
  status?: number;
  raw?: { request?: string[]; response?: string };
}

type Nothing = typeof nothing;

export function route<
  Answer extends z.ZodType,
  Params extends z.ZodType = Nothing,
  Query extends z.ZodType = Nothing,
  Body extends z.ZodType = Nothing,
>(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  parts: RouteParts<Params, Query, Body, Answer>,
): Route<Params, Query, Body, Answer> {
  return {
    method,
    path,
    summary: parts.summary,
    scope: parts.scope,
    orTask: parts.orTask ?? false,
    within: parts.within ?? "request",
    // A route that names no parameters has none; the default type arguments say the same.
    params: parts.params ?? (nothing as unknown as Params),
    query: parts.query ?? (nothing as unknown as Query),
    body: parts.body ?? (nothing as unknown as Body),
    answer: parts.answer,
    status: parts.status ?? 200,
    ...(parts.raw !== undefined && { raw: parts.raw }),
  };
}

/** Numbers in a query arrive as text. */
export const countText = z.coerce.number().int().min(1).max(500);
export const yesNo = z.enum(["true", "false"]).transform((text) => text === "true");
