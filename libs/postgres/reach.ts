import { Problem } from "@jackfield/problem/problem";

/** Runs the first contact with a server; what fails there is E_STORE_DOWN, naming the server and never its password. */
export async function reachable<T>(url: string, contact: () => Promise<T>): Promise<T> {
  try {
    return await contact();
  } catch (cause) {
    const why = cause instanceof Error ? firstMessage(cause) : String(cause);
    throw new Problem("E_STORE_DOWN", `PostgreSQL at ${placeOf(url)} does not answer.`, {
      why,
      next: "Check JACKFIELD_POSTGRES_URL, and that the server runs: jackfield doctor",
      cause,
    });
  }
}

// A refused connection is an AggregateError without a message: one error for each address that was tried.
const firstMessage = (error: Error): string => {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return error.message === "" && first instanceof Error ? first.message : error.message;
};

/** `host:port/database` of a URL. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) return "an address that is no URL";
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
