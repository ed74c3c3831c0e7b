// The most frequent class, as a function behind `train`, over NATS.
//   JACKFIELD_NATS_URL=… JACKFIELD_NATS_CREDS=… JACKFIELD_PROJECT=weather JACKFIELD_ARTIFACTS_URL=… npx tsx majority.ts
import { on, serve } from "@jackfield/service/serve";
import { train } from "@jackfield/spec/train";

await serve({
  name: "majority-ts",
  handlers: [
    on(train, async ({ dataset, target }, task) => {
      const [rows, test] = [await task.table(dataset.train), await task.table(dataset.test)];
      const counts = new Map<string, number>();
      for (const row of rows) counts.set(String(row[target]), (counts.get(String(row[target])) ?? 0) + 1);
      const [[most] = [""]] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
      await task.progress(0.5, `${most} is the most frequent`);
      return {
        model: await task.store("model", Buffer.from(most), "text/plain"),
        predictions: test.map((row) => ({ __row_id: row["__row_id"] ?? "", prediction: most })),
      };
    }),
  ],
});
