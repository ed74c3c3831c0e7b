import { z } from "zod";
import { defineService } from "@jackfield/service/define";
import { on } from "@jackfield/service/on";
import { fetch as capability } from "@jackfield/spec/fetch";
import { fetchData } from "./fetch-data.ts";
import { rootList } from "./roots.ts";

export const fetch = defineService({
  name: "fetch",
  config: z.object({ JACKFIELD_FETCH_ROOTS: rootList }),
  handlers: ({ artifacts, config }) => [
    on(capability, fetchData({ artifacts, roots: config.JACKFIELD_FETCH_ROOTS })),
  ],
});
