import { createAuthority, issueCredential, serverLines } from "@jackfield/events/authority";
import type { Party, RightsOptions } from "@jackfield/events/rights";
import { natsForThisFile, type FileNats } from "./servers.ts";

/** A nats-server that lets in only who has a credential, as `jackfield up` starts it. */
export interface GuardedNats {
  nats: FileNats;
  /** The text of a `.creds` file. */
  credential(party: Party, options?: { until?: Date }): string;
}

/** Like `natsForThisFile`; without rights everybody may do everything there. */
export function guardedNatsForThisFile(rights: RightsOptions): GuardedNats {
  const authority = createAuthority();
  return {
    nats: natsForThisFile({ accounts: serverLines(authority, rights.prefix) }),
    credential: (party, options) => issueCredential(authority, party, { ...rights, ...options }),
  };
}
