import { migrate } from "@jackfield/postgres/migrate";
import { prepareDatabase } from "@jackfield/postgres/prepare";
import type { Service } from "@jackfield/service/define";
import { startService } from "@jackfield/service/start";
import type { World } from "./story-world.ts";

/** Another service in the world of a story; answers with how to stop it. */
export async function startBeside(world: World, { name, ...service }: Service): Promise<() => Promise<void>> {
  const urls = await prepareDatabase({ adminUrl: world.place.adminUrl, services: [name] });
  const url = urls[name] ?? "";
  if (service.migrations !== undefined) await migrate({ url, schema: name, folder: service.migrations });
  const running = await startService(
    { name, ...service },
    {
      JACKFIELD_NATS_URL: world.place.natsUrl,
      JACKFIELD_PREFIX: world.place.prefix,
      JACKFIELD_POSTGRES_URL: url,
      JACKFIELD_LOG_LEVEL: "silent",
    },
  );
  await world.until(`${name} is active`, () => running.ready().ready);
  return () => running.stop();
}
