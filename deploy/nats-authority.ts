import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createAuthority,
  folderOfAccount,
  issueCredential,
  type Authority,
} from "@jackfield/events/authority";
import { rightsOf, type HandlerParty, type Party, type RightsOptions } from "@jackfield/events/rights";
import { Problem } from "@jackfield/problem/problem";
import { z } from "zod";
import { jackfieldFolder, type RunFile } from "./run-file.ts";

const seed = z.string().regex(/^S[OA][A-Z2-7]+$/);
const account = z.object({ identity: seed, signing: seed });
const authorityFile = z.object({ operator: seed, system: seed, services: account, handlers: account });

/** Where our NATS lies in the folder `.jackfield`. */
export const natsFolder = (home: string): string => join(home, "nats");

/** Where the credential of a user lies. */
export const credentialIn = (folder: string, user: string): string => join(folder, "creds", `${user}.creds`);

const fileIn = (folder: string): string => join(folder, "authority.json");

/** The keys that belong to the data in a folder of NATS; made once, readable by their owner only. */
export async function openAuthority(folder: string): Promise<Authority> {
  const known = await readAuthority(folder);
  if (known !== undefined) return known;
  await mkdir(folder, { recursive: true });
  const own = `${fileIn(folder)}.${randomUUID()}`;
  await writeFile(own, JSON.stringify(createAuthority(), null, 2), { mode: 0o600 });
  // Of two that start at the same time, the first one's is taken by both.
  await link(own, fileIn(folder)).catch(() => undefined);
  await rm(own);
  const made = await readAuthority(folder);
  if (made === undefined) throw new Problem("E_CONFIG", `${fileIn(folder)} cannot be written.`);
  await takeOver(folder, made);
  return made;
}

/** The keys in a folder of NATS, or undefined when there are none. @throws Problem E_CONFIG for what are no keys */
export async function readAuthority(folder: string): Promise<Authority | undefined> {
  if (!existsSync(fileIn(folder))) return undefined;
  const text = await readFile(fileIn(folder), "utf8");
  try {
    return authorityFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new Problem("E_CONFIG", `${fileIn(folder)} does not hold the keys of NATS.`, {
      next: "put back the file that belongs to this folder: without its keys the log beside it is not found",
      cause,
    });
  }
}

/** A log from before there were accounts lies where the server keeps what belongs to nobody. */
async function takeOver(folder: string, authority: Authority): Promise<void> {
  const stored = join(folder, "jetstream", "jetstream");
  if (existsSync(join(stored, "$G")))
    await rename(join(stored, "$G"), join(stored, folderOfAccount(authority)));
}

/** Paths of the credentials of an administrator and of each service of the house, made anew at each start. */
export async function keepCredentials(
  folder: string,
  authority: Authority,
  { prefix, house }: { prefix: string | undefined; house: readonly string[] },
): Promise<ReadonlyMap<string, string>> {
  const parties: Party[] = [{ kind: "admin" }, ...house.map((name) => ({ kind: "service" as const, name }))];
  const keep = (party: Party): Promise<string> => keepCredential(folder, authority, party, { prefix, house });
  const paths = await Promise.all(parties.map(keep));
  return new Map(parties.map((party, index) => [rightsOf(party).user, paths[index] ?? ""]));
}

/** What a handler that somebody starts here must be told to come in; nothing where NATS is somebody else's. */
export async function handlerSettings(
  { nats, settings }: Pick<RunFile, "nats" | "settings">,
  party: HandlerParty,
): Promise<Record<string, string>> {
  if (nats === undefined) return {};
  const prefix = settings?.["JACKFIELD_PREFIX"];
  const options = prefix === undefined || prefix === "" ? {} : { prefix };
  const path = await keepCredential(nats.folder, await openAuthority(nats.folder), party, options);
  return { JACKFIELD_NATS_CREDS: path };
}

/** A credential for a handler of the Jackfield that lies in a folder, and its user. @throws Problem E_CONFIG where none lies */
export async function handlerToken(
  folder: string,
  { party, ...options }: RightsOptions & { party: HandlerParty; until?: Date | undefined },
): Promise<{ user: string; creds: string }> {
  const place = natsFolder(jackfieldFolder(folder));
  const authority = await readAuthority(place);
  if (authority === undefined)
    throw new Problem("E_CONFIG", "The keys that sign credentials for NATS are not here.", {
      here: fileIn(place),
      why: "they lie where `jackfield up` keeps its NATS; a NATS of somebody else has its own",
      next: "run this in the folder of `jackfield up`, or ask who runs that NATS for the user that RIGHTS.md describes",
    });
  return { user: rightsOf(party).user, creds: issueCredential(authority, party, options) };
}

/** Writes a credential where its owner finds it; answers with the path. */
async function keepCredential(
  folder: string,
  authority: Authority,
  party: Party,
  options: RightsOptions,
): Promise<string> {
  const path = credentialIn(folder, rightsOf(party).user);
  await mkdir(join(folder, "creds"), { recursive: true, mode: 0o700 });
  const text = issueCredential(authority, party, options);
  const whole = `${path}.${randomUUID()}`;
  await writeFile(whole, text, { mode: 0o600 });
  await rename(whole, path);
  return path;
}
