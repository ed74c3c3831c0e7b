import { durableName, handlerUser, namesOf, type HandlerPlace, type Names } from "./names.ts";

/** A handler, and what it answers. */
export interface HandlerParty extends HandlerPlace {
  kind: "handler";
  capabilities: readonly string[];
}

/** Who connects: an administrator, a service of the house, or a handler of a project (`*`: of all). */
export type Party = { kind: "admin" } | { kind: "service"; name: string } | HandlerParty;

/**
 * Handlers have an account of their own. In one account a handler could make the server speak in its place: a delivery,
 * or an acknowledgement with a reply subject, is sent by the server, whose words no right limits; aimed at
 * `$JS.API.STREAM.PURGE.EVENTS`, it empties the log. Between the accounts nothing passes but what `crossings` names.
 */
export type Account = "services" | "handlers";

/** What one user of NATS may do; a subject that no list names is refused, and `deny` wins over `allow`. */
export interface Rights {
  user: string;
  account: Account;
  publish: { allow: string[]; deny: string[] };
  subscribe: { allow: string[] };
}

export interface RightsOptions {
  prefix?: string | undefined;
  /** The services that there are: nobody else speaks for their handlers. */
  house?: readonly string[];
}

interface Row {
  publish: string[];
  deny?: string[];
  /** Below the control root: the questions that it answers. */
  answers: string[];
}

const answers = ["started", "progressed", "finished"] as const;

/** Facts that one service alone states; `*`: each log reader, of what it parked. */
const facts: Readonly<Record<string, readonly string[]>> = {
  conductor: [
    ...["run.started", "run.finished", "run.paused", "run.resumed", "run.aborted"],
    "run.refused",
    ...["binding.changed", "handler.registered", "handler.lost", "dataset.published", "model.published"],
  ],
  projects: ["config.applied", "capability.published"],
  tracker: ["incident.detected", "incident.resolved"],
  "*": ["delivery.parked", "delivery.redriven"],
};

/** Who decides, keeps, or lets others in. Every other service is a handler. */
const services: Readonly<Record<string, (names: Names, house: readonly string[]) => Row>> = {
  conductor: (names) => ({
    publish: [
      ownEvent(names, "*", "*", "*.triggered"),
      // Facts, and answers in a handler's place.
      `${names.subjectRoot}.*._.>`,
      ...readsLog(names),
      ...makesConsumers(names),
      ...mayReply,
    ],
    answers: ["conductor.*", "lease.*.*", "handler.*.*"],
  }),
  tracker: (names) => ({
    publish: [
      ...statesFacts(names, "tracker"),
      ...readsLog(names),
      // It makes the stream when there is none, gives it an epoch, and trims what it has kept.
      ...["CREATE", "UPDATE", "PURGE"].map((what) => `$JS.API.STREAM.${what}.${names.stream}`),
      ...mayReply,
    ],
    answers: ["tracker.*"],
  }),
  projects: (names) => ({
    publish: [...statesFacts(names, "projects"), ...readsLog(names), ...mayReply],
    answers: ["projects.*"],
  }),
  gateway: (names, house) => ({
    publish: [
      // Events of outsiders, and answers of the runners behind its pull door.
      `${names.subjectRoot}.*._.>`,
      ...answers.map((predicate) => ownEvent(names, "*", "*", `*.${predicate}`)),
      `${names.controlRoot}.>`,
      ...readsLog(names),
      `$JS.API.CONSUMER.INFO.${names.stream}.*`,
      `$JS.ACK.${names.stream}.>`,
    ],
    deny: notForTheGateway(names, house),
    answers: [],
  }),
};

/** Handlers of the house that are not simply called like their service and its capability. */
const builtIn: Readonly<
  Record<string, { handler: string; capabilities: readonly string[]; answers?: readonly string[] }>
> = {
  split: { handler: "split", capabilities: ["split", "prepare"] },
  train: { handler: "command", capabilities: ["train"], answers: ["logs.command"] },
};

const builtInHandler = (service: string): HandlerParty & { answers: readonly string[] } => ({
  kind: "handler",
  project: "*",
  answers: [],
  ...(builtIn[service] ?? { handler: service, capabilities: [service] }),
});

/** Who → what it may do on NATS: the one table, from which credentials, documentation and tests are made. */
export function rightsOf(party: Party, { prefix, house = [] }: RightsOptions = {}): Rights {
  const names = namesOf(prefix);
  if (party.kind === "admin") {
    const everything = { publish: { allow: [">"], deny: [] }, subscribe: { allow: [">"] } };
    return { user: "admin", account: "services", ...everything };
  }
  if (party.kind === "handler") {
    const row = { publish: handlerPublishes(names, party), answers: [] };
    return granted(names, { user: handlerUser(party), account: "handlers" }, row);
  }
  const row = services[party.name]?.(names, house);
  if (row !== undefined) return granted(names, { user: party.name, account: "services" }, row);
  const handler = builtInHandler(party.name);
  const publish = [
    ...handlerPublishes(names, handler),
    ...(handler.answers.length === 0 ? [] : [repliesAcross]),
  ];
  return granted(
    names,
    { user: party.name, account: "handlers" },
    { publish, answers: [...handler.answers] },
  );
}

const granted = (
  { controlRoot }: Names,
  who: Pick<Rights, "user" | "account">,
  { publish, deny = [], answers: asked }: Row,
): Rights => ({
  ...who,
  publish: { allow: publish, deny },
  subscribe: { allow: [inboxOf(who.user), ...asked.map((question) => `${controlRoot}.${question}`)] },
});

/** One subject that the accounts share. `handlers` see it as `as`; `many`: one question has many answers. */
export interface Crossing {
  from: Account;
  subject: string;
  as?: string;
  many?: boolean;
}

/** JetStream's own API has the same names in every account, so that of the log has another name among handlers. */
export const handlersApi = "jackfield.api";

export function crossings(prefix?: string): Crossing[] {
  const { stream, subjectRoot, controlRoot } = namesOf(prefix);
  const api = (what: string): Pick<Crossing, "subject" | "as"> => ({
    subject: `$JS.API.${what}.${stream}.*`,
    as: `${handlersApi}.${what}.${stream}.$1`,
  });
  return [
    { from: "services", subject: `${subjectRoot}.>` },
    { from: "services", subject: `${controlRoot}.lease.*.*` },
    { from: "services", subject: `${controlRoot}.handler.*.*` },
    { from: "services", ...api("CONSUMER.INFO") },
    { from: "services", ...api("CONSUMER.MSG.NEXT"), many: true },
    { from: "services", subject: `$JS.ACK.${stream}.>` },
    { from: "handlers", subject: `${controlRoot}.logs.*` },
  ];
}

const handlerPublishes = (names: Names, { project, handler, capabilities }: HandlerParty): string[] => [
  ...capabilities.flatMap((capability) =>
    answers.map((predicate) => ownEvent(names, project, handler, `jackfield-${capability}.${predicate}`)),
  ),
  // For the tasks of any project a global handler asks; it registers as one of none.
  `${names.controlRoot}.lease.${project}.${handler}`,
  `${names.controlRoot}.handler.${project === "*" ? "_" : project}.${handler}`,
  ...capabilities.flatMap((capability) =>
    takesFrom(names, durableName({ project, handler, capability }), handlersApi),
  ),
];

const ownEvent = ({ subjectRoot }: Names, project: string, handler: string, what: string): string =>
  `${subjectRoot}.${project}.${handler}.dev.cdeventsx.${what}.>`;

const takesFrom = ({ stream }: Names, durable: string, api: string): string[] => [
  `${api}.CONSUMER.INFO.${stream}.${durable}`,
  `${api}.CONSUMER.MSG.NEXT.${stream}.${durable}`,
  `$JS.ACK.${stream}.${durable}.>`,
];

/** Consumers that go by themselves (a durable one is made on another subject), and what was trimmed, of the tracker. */
const readsLog = ({ stream, controlRoot }: Names): string[] => [
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
  `${controlRoot}.tracker.*`,
];

const makesConsumers = ({ stream }: Names): string[] => [
  `$JS.API.CONSUMER.INFO.${stream}.*`,
  `$JS.API.CONSUMER.CREATE.${stream}.>`,
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.*`,
];

const statesFacts = (names: Names, service: string): string[] =>
  [...(facts[service] ?? []), ...(facts["*"] ?? [])].map((fact) =>
    ownEvent(names, "*", "_", `jackfield-${fact}`),
  );

const inboxOf = (user: string): string => `_INBOX_${user}.>`;

/** How the server calls the inbox of somebody in the other account. */
const repliesAcross = "_R_.>";
const mayReply = [repliesAcross, ...["admin", ...Object.keys(services)].map(inboxOf)];

/** It speaks for outsiders, so it may not say what only the house says, nor speak or take tasks for a handler of the house. */
const notForTheGateway = (names: Names, house: readonly string[]): string[] => [
  ownEvent(names, "*", "*", "*.triggered"),
  ...answers.map((predicate) => ownEvent(names, "*", "_", `*.${predicate}`)),
  ...Object.values(facts)
    .flat()
    .map((fact) => ownEvent(names, "*", "_", `jackfield-${fact}`)),
  ...house
    .filter((service) => services[service] === undefined)
    .map(builtInHandler)
    .flatMap(({ handler, capabilities }) => [
      `${names.subjectRoot}.*.${handler}.>`,
      ...capabilities.flatMap((capability) =>
        takesFrom(names, durableName({ project: "*", handler, capability }), "$JS.API"),
      ),
    ]),
];
