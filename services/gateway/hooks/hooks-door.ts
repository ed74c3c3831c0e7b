import type { FastifyInstance, FastifyRequest } from "fastify";
import { printPosition } from "@jackfield/spec/event/position";
import { postGithub, postGitlab } from "@jackfield/spec/http/hooks";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { z } from "zod";
import type { GatewayParts } from "../door-parts.ts";
import { parseBody } from "../json-body.ts";
import { EdgeProblem } from "../problem-answer.ts";
import { contractBroken, notJson, serve } from "../serve-route.ts";
import { fromGithub } from "./github.ts";
import { fromGitlab } from "./gitlab.ts";
import { isFromGithub, isFromGitlab } from "./signature.ts";

const publishWithinMs = 5_000;
/** Both hosts give every delivery a UUID. */
const deliveryId = z.string().regex(/^[A-Za-z0-9-]{8,64}$/);

/** Webhooks of code hosts: a push, a merge, a release, told by the host itself and signed with the project's secret. */
export function serveHooks(app: FastifyInstance, parts: GatewayParts): void {
  serve(app, postGithub, async ({ params: { project }, request }) => {
    const { headers } = request;
    check(parts.hookSecrets(project)?.github, (secret) => isFromGithub(secret, headers, bytesOf(request)));
    const id = idOf(headers["x-github-delivery"], "X-GitHub-Delivery");
    const kind = String(headers["x-github-event"]);
    return take(parts, () => fromGithub(kind, bodyOf(request), { id: `github-${id}`, project, time: now() }));
  });
  serve(app, postGitlab, async ({ params: { project }, request }) => {
    const { headers } = request;
    const seconds = Date.now() / 1_000;
    check(parts.hookSecrets(project)?.gitlab, (secret) =>
      isFromGitlab(secret, headers, bytesOf(request), seconds),
    );
    // A repeat has the same webhook-id and the same event, but is another try.
    const id = idOf(headers["webhook-id"] ?? headers["x-gitlab-event-uuid"], "X-Gitlab-Event-UUID");
    const kind = String(headers["x-gitlab-event"]);
    return take(parts, () => fromGitlab(kind, bodyOf(request), { id: `gitlab-${id}`, project, time: now() }));
  });
}

const now = (): string => new Date().toISOString();

const bytesOf = ({ body }: FastifyRequest): Uint8Array => (Buffer.isBuffer(body) ? body : new Uint8Array());

function bodyOf(request: FastifyRequest): unknown {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\b/i.test(type)) throw notJson(type);
  return parseBody(bytesOf(request));
}

/** A project without a secret answers like one whose secret is another: nobody learns which projects there are. */
function check(secret: string | undefined, isGood: (secret: string) => boolean): void {
  if (secret !== undefined && isGood(secret)) return;
  throw new EdgeProblem(401, "E_TOKEN_SCOPE", {
    what: "The signature of this delivery is not right.",
    next: "set the same secret at the code host and in the file of JACKFIELD_HOOKS",
  });
}

function idOf(said: string | string[] | undefined, header: string): string {
  const id = deliveryId.safeParse(said);
  if (id.success) return id.data;
  throw contractBroken(`the header ${header}`, id.error);
}

async function take({ publisher }: GatewayParts, read: () => CloudEvent[]) {
  const events = readOrRefuse(read);
  const accepted = await Promise.all(
    events.map(async (event) => {
      const { position, duplicate } = await publisher.publish(event, { deadlineMs: publishWithinMs });
      return { id: event.id, type: event.type, position: printPosition(position), duplicate };
    }),
  );
  return { events: accepted };
}

function readOrRefuse(read: () => CloudEvent[]): CloudEvent[] {
  try {
    return read();
  } catch (thrown) {
    throw thrown instanceof z.ZodError ? contractBroken("the delivery", thrown) : thrown;
  }
}
