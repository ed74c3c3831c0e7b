import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { Problem } from "@jackfield/problem/problem";

/**
 * The program that a command names → its absolute path. A name with a slash is looked for from `folder`, any other on `path`.
 * @throws E_COMMAND_NOT_FOUND with the PATH that was used.
 */
export async function findCommand(name: string, folder: string, path: string): Promise<string> {
  const candidates = name.includes("/")
    ? [isAbsolute(name) ? name : resolve(folder, name)]
    : path
        .split(delimiter)
        .filter((part) => part !== "")
        .map((part) => join(resolve(folder, part), name));
  let present: string | undefined;
  for (const candidate of candidates) {
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isFile() !== true) continue;
    if (await isExecutable(candidate)) return candidate;
    present ??= candidate;
  }
  throw notFound(name, path, present);
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

function notFound(name: string, path: string, present: string | undefined): Problem {
  if (present !== undefined) {
    return new Problem("E_COMMAND_NOT_FOUND", `${name} is there but may not be executed.`, {
      here: present,
      next: `chmod +x ${name}, or name the program that runs it: python3 ${name}`,
    });
  }
  return new Problem("E_COMMAND_NOT_FOUND", `There is no program ${name}.`, {
    why: name.includes("/") ? "There is no such file in the code tree." : `The PATH was ${path}`,
    next: name.includes("/")
      ? "Is it tracked by git, or at least not ignored? Only such files are packed."
      : `Install ${name} into the environment (.venv, node_modules), or name it with its whole path.`,
  });
}
