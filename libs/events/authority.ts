import { randomUUID } from "node:crypto";
import { nkeys } from "@nats-io/transport-node";
import { crossings, handlersApi, rightsOf, type Account, type Party, type RightsOptions } from "./rights.ts";

type KeyPair = ReturnType<typeof nkeys.fromSeed>;

/** The secret keys from which everything is signed (seeds of nkeys). Who holds them may be anybody. */
export interface Authority {
  operator: string;
  system: string;
  services: AccountKeys;
  handlers: AccountKeys;
}

/** `identity` names the account, for ever: the log lies in a folder of that name. `signing` may be changed, and all its users are out. */
export interface AccountKeys {
  identity: string;
  signing: string;
}

export function createAuthority(): Authority {
  const account = (): AccountKeys => ({
    identity: seedOf(nkeys.createAccount()),
    signing: seedOf(nkeys.createAccount()),
  });
  return {
    operator: seedOf(nkeys.createOperator()),
    system: seedOf(nkeys.createAccount()),
    services: account(),
    handlers: account(),
  };
}

/** The account in which the stream lies, as the server names its folder. */
export const folderOfAccount = ({ services }: Authority): string => pairOf(services.identity).getPublicKey();

/** The lines of a server's configuration by which it knows both accounts, and whom they let in. */
export function serverLines(authority: Authority, prefix?: string): string[] {
  const operator = pairOf(authority.operator);
  const system = pairOf(authority.system).getPublicKey();
  const account = (name: string, subject: string, nats: object): string =>
    `  ${subject}: ${signed(operator, { name, sub: subject, nats: { ...nats, type: "account" } })}`;
  const accounts = (["services", "handlers"] as const).map((name) =>
    account(name, pairOf(authority[name].identity).getPublicKey(), accountClaims(authority, name, prefix)),
  );
  const root = { system_account: system, type: "operator" };
  return [
    `operator: ${signed(operator, { name: "jackfield", sub: operator.getPublicKey(), nats: root })}`,
    `system_account: ${system}`,
    // A credential travels in one line, and one with many rights is longer than the 4 kB that a line may have.
    "max_control_line: 65536",
    "resolver: MEMORY",
    "resolver_preload {",
    account("system", system, { limits: unlimited }),
    ...accounts,
    "}",
  ];
}

const unlimited = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1 };
const jetStream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
/** A pull that nobody hears of for so long is over; while it is open the server says something every 2.5 s. */
const silentNs = 30_000_000_000;

function accountClaims(authority: Authority, name: Account, prefix: string | undefined): object {
  const keys = authority[name];
  const other = pairOf(authority[name === "services" ? "handlers" : "services"].identity).getPublicKey();
  const all = crossings(prefix).map((crossing) => ({ ...crossing, name: crossing.subject, type: "service" }));
  return {
    limits: { ...unlimited, ...(name === "services" && jetStream) },
    signing_keys: [pairOf(keys.signing).getPublicKey()],
    exports: all
      .filter(({ from }) => from === name)
      .map(({ name: title, subject, type, many }) => ({
        name: title,
        subject,
        type,
        ...(many === true && { response_type: "Stream", response_threshold: silentNs }),
      })),
    imports: all
      .filter(({ from }) => from !== name)
      .map(({ name: title, subject, type, as }) => ({
        name: title,
        subject,
        type,
        account: other,
        ...(as !== undefined && { local_subject: as }),
      })),
  };
}

/**
 * A credential as every NATS client reads it (`.creds`): who it is, what it may do, and the key that proves it. The
 * server needs not be told.
 */
export function issueCredential(
  authority: Authority,
  party: Party,
  { until, ...options }: RightsOptions & { until?: Date | undefined } = {},
): string {
  const { user, account, publish, subscribe } = rightsOf(party, options);
  const keys = authority[account];
  const own = nkeys.createUser();
  const token = signed(pairOf(keys.signing), {
    name: user,
    sub: own.getPublicKey(),
    ...(until !== undefined && { exp: Math.floor(until.getTime() / 1_000) }),
    nats: {
      type: "user",
      issuer_account: pairOf(keys.identity).getPublicKey(),
      pub: publish,
      sub: subscribe,
      ...{ subs: -1, data: -1, payload: -1 },
      allowed_connection_types: ["STANDARD"],
      tags: ["jackfield", ...(account === "handlers" ? [`api:${handlersApi}`] : [])],
    },
  });
  return [
    ...["-----BEGIN NATS USER JWT-----", token, "------END NATS USER JWT------", ""],
    ...["-----BEGIN USER NKEY SEED-----", seedOf(own), "------END USER NKEY SEED------", ""],
  ].join("\n");
}

interface Claims {
  name: string;
  sub: string;
  exp?: number;
  nats: object;
}

/** A JWT of NATS (ADR-14): its own algorithm name, signed by an nkey. */
function signed(by: KeyPair, { nats, ...claims }: Claims): string {
  const issued = { jti: randomUUID(), iat: Math.floor(Date.now() / 1_000), iss: by.getPublicKey() };
  const text = [
    { typ: "JWT", alg: "ed25519-nkey" },
    { ...issued, ...claims, nats: { ...nats, version: 2 } },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${text}.${Buffer.from(by.sign(Buffer.from(text))).toString("base64url")}`;
}

const pairOf = (seed: string): KeyPair => nkeys.fromSeed(Buffer.from(seed));
const seedOf = (pair: KeyPair): string => Buffer.from(pair.getSeed()).toString();
