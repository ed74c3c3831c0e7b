import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { defaultOrganization } from "@jackfield/spec/event/names";
import { codeChanged } from "@jackfield/spec/facts/code";

/** Which delivery of which host this is, for which project. */
export interface Delivery {
  project: string;
  /** The host's id of the delivery: sent again, it is the same. */
  id: string;
  /** The repository's URL. */
  source: string;
  /** `octo/weather`. */
  repository: string;
  time: string;
}

const about = ({ project, source, time }: Delivery) => ({
  specversion: "1.0" as const,
  source,
  time,
  organization: defaultOrganization,
  project,
  datacontenttype: "application/json",
});

/** New code on a branch, or under a tag: our fact, to which projects listen. */
export function codeChangedBy(
  delivery: Delivery,
  { ref, commit }: { ref: string; commit: string },
): CloudEvent {
  const id = `${delivery.id}/code.changed`;
  const branch = branchOf(ref);
  return {
    ...about(delivery),
    id,
    type: codeChanged.type,
    subject: ref,
    correlationid: delivery.id,
    data: { repository: delivery.repository, ref, commit, ...(branch !== undefined && { branch }) },
  };
}

/** The standard facts that a code host tells of, with their versions in CDEvents 0.5.1. */
const versions = {
  "branch.created": "0.3.0",
  "branch.deleted": "0.3.0",
  "change.created": "0.4.0",
  "change.updated": "0.3.0",
  "change.merged": "0.3.0",
  "change.abandoned": "0.3.0",
} as const;

export type StandardName = keyof typeof versions;

/** A standard CDEvent 0.5.1, whole in the data as its CloudEvents binding says. */
export function standardBy(
  delivery: Delivery,
  name: StandardName,
  subject: { id: string; content?: object },
): CloudEvent {
  const { source, repository, time } = delivery;
  const id = `${delivery.id}/${name}`;
  const type = `dev.cdevents.${name}.${versions[name]}`;
  const content = { repository: { id: repository, source }, ...subject.content };
  return {
    ...about(delivery),
    id,
    type,
    subject: subject.id,
    correlationid: delivery.id,
    data: {
      context: { specversion: "0.5.1", id, source, type, timestamp: time, chainId: delivery.id },
      subject: { id: subject.id, content },
    },
  };
}

/** What CDEvents has no word for, as the CloudEvents adapters for these hosts name it. */
export const foreignBy = (delivery: Delivery, type: string, subject: string, data: object): CloudEvent => ({
  ...about(delivery),
  id: `${delivery.id}/${type}`,
  type,
  subject,
  correlationid: delivery.id,
  data,
});

/** The events of a push, by what it did to its ref. A commit of zeros is none. */
export function pushed(
  delivery: Delivery,
  { ref, before, after }: { ref: string; before: string; after: string },
): CloudEvent[] {
  const branch = branchOf(ref);
  const changed = isNone(after) ? [] : [codeChangedBy(delivery, { ref, commit: after })];
  if (branch === undefined) return changed;
  if (isNone(after)) return [standardBy(delivery, "branch.deleted", { id: branch })];
  return isNone(before) ? [standardBy(delivery, "branch.created", { id: branch }), ...changed] : changed;
}

const branchOf = (ref: string): string | undefined => /^refs\/heads\/(.+)$/.exec(ref)?.[1];
const isNone = (commit: string): boolean => /^0+$/.test(commit);
