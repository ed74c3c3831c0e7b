import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { printJson } from "@jackfield/events/json-text";
import { Problem } from "@jackfield/problem/problem";
import { askService } from "@jackfield/service/answer";
import * as tracker from "@jackfield/spec/ask/tracker";
import type { Digest } from "@jackfield/spec/event/artifact";
import { getArtifact, putArtifact } from "@jackfield/spec/http/artifacts";
import { z } from "zod";
import { bearerOf } from "./access/gate.ts";
import { pieceOf, rangeOf } from "./byte-range.ts";
import type { GatewayParts } from "./door-parts.ts";
import { EdgeProblem } from "./problem-answer.ts";
import { parsed, serveRaw, type AskedOf } from "./serve-route.ts";
import type { TaskTokens, Ticket } from "./task-token.ts";
import { readAsCsv } from "./text-tables.ts";
import { Uploads } from "./uploads.ts";

type Known = z.output<typeof tracker.artifact.answer>;
type Query = AskedOf<typeof getArtifact>["query"];

const answerWithinMs = 12_000;
const anyBytes = "application/octet-stream";

/** The artifact door: bytes in under their digest, and out for those whose project refers to them. */
export function serveArtifacts(app: FastifyInstance, parts: GatewayParts): void {
  const uploads = new Uploads(parts.artifacts);
  void app.register(async (door) => {
    // Bytes go straight to the store, whatever their type and size.
    door.removeAllContentTypeParsers();
    door.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    serveRaw(door, putArtifact, async ({ params, request, reply }) => {
      const mediaType = request.headers["content-type"] ?? anyBytes;
      const piece = pieceOf(header(request, "content-range"));
      const source = request.body instanceof Readable ? request.body : Readable.from([]);
      const { descriptor, status } = await uploads.take(params.digest, mediaType, source, piece);
      return reply.code(status).header("content-type", "application/json").send(printJson(descriptor));
    });
    serveRaw(door, getArtifact, (asked) => send(asked, parts));
    const { scope, orTask } = getArtifact;
    door.head(getArtifact.path, { config: { scope, orTask } }, (request, reply) =>
      send(
        {
          request,
          reply,
          params: parsed(getArtifact.params, request.params, "the path"),
          query: parsed(getArtifact.query, request.query, "the query"),
        },
        parts,
      ),
    );
  });
}

const header = ({ headers }: FastifyRequest, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
};

async function send(
  { params, query, request, reply }: AskedOf<typeof getArtifact>,
  parts: GatewayParts,
): Promise<FastifyReply> {
  const { digest } = params;
  const known = await readable(digest, { query, request }, parts);
  if (query.format === "csv") {
    void reply.header("content-type", "text/csv; charset=utf-8").header("x-content-type-options", "nosniff");
    return reply.send(await readAsCsv(parts.artifacts, digest));
  }
  const { size } = await parts.artifacts.open(digest, { from: 0, to: 0 });
  void reply
    .header("content-type", known.mediaType ?? anyBytes)
    .header("content-disposition", dispositionOf(known.name ?? digest.replace(":", "-")))
    .header("x-content-type-options", "nosniff")
    // Bytes that users made never run as a page of this address.
    .header("content-security-policy", "default-src 'none'; sandbox")
    .header("etag", `"${digest}"`)
    .header("cache-control", "private, max-age=31536000, immutable")
    .header("accept-ranges", "bytes");
  const range = rangeWithin(request, reply, size);
  const length = range === undefined ? size : range.to - range.from;
  void reply.code(range === undefined ? 200 : 206).header("content-length", length);
  if (range !== undefined) void reply.header("content-range", `bytes ${range.from}-${range.to - 1}/${size}`);
  if (request.method === "HEAD") return reply.send();
  return reply.send((await parts.artifacts.open(digest, range ?? {})).bytes);
}

function rangeWithin(request: FastifyRequest, reply: FastifyReply, size: number) {
  try {
    return rangeOf(header(request, "range"), size);
  } catch (thrown) {
    if (thrown instanceof EdgeProblem) void reply.header("content-range", `bytes */${size}`);
    throw thrown;
  }
}

/**
 * May these bytes be read here? When an event of the project refers to them, or they are inputs of the task that the
 * token is for. Everything else is not found, whether it exists or not.
 */
async function readable(
  digest: Digest,
  { query, request }: { query: Query; request: FastifyRequest },
  { events, tokens }: GatewayParts,
): Promise<Known> {
  // Who says a token in the address means it; a bearer may as well be the gateway's own token.
  const ticket =
    query.token === undefined ? ticketOf(bearerOf(request), tokens) : tokens.open(query.token, new Date());
  const project = ticket?.assignment.triggered.project ?? query.project;
  const isInput = ticket?.inputs.includes(digest) === true;
  const { after } = query;
  const asked = { digest, ...(project !== undefined && { project }), ...(after !== undefined && { after }) };
  const known = await askService(events, tracker.artifact, asked, { timeoutMs: answerWithinMs }).catch(
    (thrown: unknown): Known => {
      if (isInput) return unknown;
      throw thrown;
    },
  );
  if (project !== undefined && (known.known || isInput)) return known;
  throw new Problem("E_NOT_FOUND", `No event of ${project ?? "a project"} refers to ${digest}.`, {
    next:
      project === undefined
        ? "say the project: ?project=weather"
        : "bytes can be read in a project when one of its events refers to them",
  });
}

const unknown: Known = { known: false, producedBy: [], usedBy: [] };

/** RFC 6266: a plain name for old readers, the exact one for the rest. */
function dispositionOf(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._ -]/g, "_");
  const exact = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}

/** Does this request carry the token of a task, in its address or as bearer? */
export function hasTicket(request: FastifyRequest, tokens: TaskTokens): boolean {
  const said = z.object({ token: z.string() }).safeParse(request.query);
  return ticketOf(said.data?.token ?? bearerOf(request), tokens) !== undefined;
}

function ticketOf(token: string, tokens: TaskTokens): Ticket | undefined {
  try {
    return tokens.open(token, new Date());
  } catch {
    return undefined;
  }
}
