import { z } from "zod";
import { descriptor } from "@jackfield/spec/event/artifact";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Outcome } from "@jackfield/spec/event/outcome";
import { shortType } from "@jackfield/spec/event/type";
import { incidentDetected } from "@jackfield/spec/facts/incident";
import { modelPublished } from "@jackfield/spec/facts/model";
import { runFinished } from "@jackfield/spec/facts/run";
import { asReference, asTimestamp, specversion, type Cdevent, type Logged } from "./cdevent.ts";
import { path } from "./custom.ts";

/** What a standard CDEvent says beside its context. */
type Said = Cdevent["subject"];

type Reading = (event: CloudEvent) => Said | undefined;

/**
 * The standard fact of CDEvents 0.5.1 that an event of ours is too, caused by it; undefined when there is none, or when
 * something that its schema asks for is not known.
 */
export function toStandard({ event, at }: Logged): Cdevent | undefined {
  const known = standard.get(shortType(event.type));
  const said = known?.reading(event);
  if (known === undefined || said === undefined) return undefined;
  return {
    context: {
      specversion,
      id: `${event.id}/${known.name}`,
      source: asReference(event.source),
      type: `dev.cdevents.${known.name}.${known.version}`,
      timestamp: asTimestamp(event.time, at),
      ...(event.correlationid !== undefined && { chainId: event.correlationid }),
      links: [path(event.id)],
    },
    subject: said,
  };
}

const outcomes: Record<Outcome, string> = {
  pass: "success",
  warning: "success",
  fail: "failure",
  errored: "error",
  timedout: "error",
  aborted: "cancel",
};

/** A run that judged something is a test suite run of its subproject. `run.finished` is counted; an answer is a claim. */
const testsuiterun: Reading = (event) => {
  const read = runFinished.data.safeParse(event.data);
  const environment = environmentOf(event);
  if (!read.success || environment === undefined || event.run === undefined) return undefined;
  const { outcome, verdict, because } = read.data;
  if (verdict === "none" && outcome === "pass") return undefined;
  const reason = because?.message ?? because?.problem?.what;
  const suite = [event.project, event.subproject, event.workflow].filter((part) => part !== undefined);
  return {
    id: event.run,
    content: {
      outcome: outcomes[outcome],
      environment,
      testSuite: { id: suite.join("/"), ...(event.runname !== undefined && { name: event.runname }) },
      ...(reason !== undefined && { reason }),
    },
  };
};

const artifact: Reading = (event) => {
  const read = modelPublished.data.safeParse(event.data);
  const id = read.success ? purlOf(event, read.data.model.digest) : undefined;
  return id === undefined ? undefined : { id, content: {} };
};

const logGap: Reading = (event) => {
  const read = incidentDetected.data.safeParse(event.data);
  if (!read.success) return undefined;
  const { why, from, to } = read.data;
  return {
    id: event.subject ?? event.id,
    content: {
      description: `The log has a gap from ${from} to ${to}: ${why}.`,
      environment: environmentOf(event) ?? { id: "jackfield" },
      service: { id: event.source },
    },
  };
};

const deployed = z.looseObject({ service: z.string().min(1), model: descriptor.optional() });

/** A model that serves in a stage: `data.service` says where, `data.model` what. */
const service =
  (needs: { model: boolean }): Reading =>
  (event) => {
    const read = deployed.safeParse(event.data);
    const environment = environmentOf(event);
    if (!read.success || environment === undefined) return undefined;
    const { model } = read.data;
    const artifactId = model === undefined ? undefined : purlOf(event, model.digest);
    if (needs.model && artifactId === undefined) return undefined;
    return { id: read.data.service, content: { environment, ...(needs.model && { artifactId }) } };
  };

const standard = new Map<string, { name: string; version: string; reading: Reading }>(
  Object.entries<[string, Reading]>({
    "model.published": ["artifact.published", artifact],
    "run.finished": ["testsuiterun.finished", testsuiterun],
    "incident.detected": ["incident.detected", logGap],
    "service.deployed": ["service.deployed", service({ model: true })],
    "service.upgraded": ["service.upgraded", service({ model: true })],
    "service.rolledback": ["service.rolledback", service({ model: true })],
    "service.removed": ["service.removed", service({ model: false })],
  }).map(([short, [name, reading]]) => [short, { name, version: "0.3.0", reading }]),
);

/** Where it happened: the stage of a project; work in no stage happens in the project itself. */
function environmentOf({ project, stage }: CloudEvent): { id: string } | undefined {
  if (project === undefined) return undefined;
  return { id: stage === undefined ? project : `${project}/${stage}` };
}

/** A model as a package URL: `pkg:generic/<project>/<subproject>@<run>?checksum=sha256:<hex>`. @see https://github.com/package-url/purl-spec */
function purlOf({ project, subproject, run }: CloudEvent, digest: string): string | undefined {
  const place = [project, subproject].filter((part) => part !== undefined).join("/");
  const version = run ?? digest.slice("sha256:".length);
  return place === "" ? undefined : `pkg:generic/${place}@${version}?checksum=${digest}`;
}
