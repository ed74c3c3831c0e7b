import type { HandlerDescription } from "@jackfield/spec/facts/handler";
import type { Handler } from "./on.ts";

/** What a handler says of itself; it speaks the contract versions it was built against. */
export function describeHandler(parts: {
  handler: string;
  version: string;
  project: string | null;
  handlers: Handler[];
  environment?: string;
}): HandlerDescription {
  const contracts = Object.fromEntries(
    parts.handlers.map(({ capability: { name, version } }) => [name, { from: version, to: version }]),
  );
  return {
    handler: parts.handler,
    version: parts.version,
    contracts,
    project: parts.project,
    ...(parts.environment !== undefined && { environment: parts.environment }),
  };
}
