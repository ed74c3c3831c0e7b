/** The names under which events and questions travel on one NATS. */
export interface Names {
  /** `EVENTS`, or `<prefix>_EVENTS` on a NATS that is shared with others. */
  stream: string;
  /** Subjects of events begin with it: `evt`, or `<prefix>.evt`. */
  subjectRoot: string;
  /** Subjects of questions begin with it: `ctl`, or `<prefix>.ctl`. */
  controlRoot: string;
}

export const namesOf = (prefix?: string): Names => ({
  stream: prefix === undefined ? "EVENTS" : `${prefix}_EVENTS`,
  subjectRoot: prefix === undefined ? "evt" : `${prefix}.evt`,
  controlRoot: prefix === undefined ? "ctl" : `${prefix}.ctl`,
});

/** Whose `triggered` events go where: one handler of one project (or of all, when an admin registered it as global). */
export interface HandlerPlace {
  /** `*` for all. */
  project: string;
  handler: string;
}

/**
 * `<project>-<handler>`, `_all-…` for a global handler: the name of its user and of its inbox. A hyphen inside a name is
 * doubled, so that project `a-b` with handler `c` and project `a` with handler `b-c` do not share one.
 */
export const handlerUser = ({ project, handler }: HandlerPlace): string =>
  `${project === "*" ? "_all" : doubled(project)}-${doubled(handler)}`;

/** The durable consumer from which a handler gets its tasks for one capability: `<project>-<handler>-<capability>`. */
export const durableName = ({ capability, ...place }: HandlerPlace & { capability: string }): string =>
  `${handlerUser(place)}-${capability}`;

const doubled = (name: string): string => name.replaceAll("-", "--");
