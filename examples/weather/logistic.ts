// Multinomial logistic regression as a handler of its own: the tool that the demo plugs in with `bind train=logistic`.
import { on, serve } from "@jackfield/service/serve";
import type { Row } from "@jackfield/service/task";
import { train } from "@jackfield/spec/train";

const columns = ["precipitation", "temp_max", "temp_min", "wind"];
const [rounds, step, momentum] = [400, 0.5, 0.9];
const ridge = 1; // scikit-learn's C = 1

await serve({
  name: "logistic",
  handlers: [
    on(train, async ({ dataset, target }, task) => {
      const [rows, test] = [await task.table(dataset.train), await task.table(dataset.test)];
      const labels = rows.map((row) => String(row[target]));
      const scale = scaleOf(rows);
      const model = { columns, scale, classes: [...new Set(labels)].sort() };
      const weights = fit(rows.map(standardised(scale)), labels, model.classes);
      await task.progress(0.9, "fitted");
      return {
        model: await task.store("model.json", Buffer.from(JSON.stringify({ ...model, weights }))),
        predictions: test.map((row) =>
          predict(row, softmax(weights, standardised(scale)(row)), model.classes),
        ),
        metrics: { rounds },
      };
    }),
  ],
});

/** Gradient descent with momentum on the log loss of all rows: no draw, so no seed. X: n × d, the first column 1. */
function fit(X: number[][], labels: string[], classes: string[]): number[][] {
  let weights = classes.map(() => [0, ...columns.map(() => 0)]);
  let speeds = weights;
  for (let round = 0; round < rounds; round += 1) {
    const pull = (weight = 0, at: number): number => (at === 0 ? 0 : (ridge * weight) / X.length);
    speeds = speeds.map((row, k) => row.map((speed, at) => momentum * speed + pull(weights[k]?.[at], at)));
    X.forEach((x, row) => {
      softmax(weights, x).forEach((share, label) => {
        const error = (share - (classes[label] === labels[row] ? 1 : 0)) / X.length;
        const speed = speeds[label] ?? [];
        x.forEach((value, at) => (speed[at] = (speed[at] ?? 0) + error * value));
      });
    });
    weights = weights.map((row, k) => row.map((weight, at) => weight - step * (speeds[k]?.[at] ?? 0)));
  }
  return weights;
}

function softmax(weights: number[][], x: number[]): number[] {
  const scores = weights.map((row) => row.reduce((sum, weight, at) => sum + weight * (x[at] ?? 0), 0));
  const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

function predict(row: Row, shares: number[], classes: string[]): Row {
  const prediction = classes[shares.indexOf(Math.max(...shares))] ?? "";
  const chances = Object.fromEntries(classes.map((name, label) => [`p_${name}`, shares[label] ?? 0]));
  return { __row_id: row["__row_id"] ?? "", prediction, ...chances };
}

type Scale = { mean: number; deviation: number }[];

const scaleOf = (rows: Row[]): Scale =>
  columns.map((column) => {
    const values = rows.map((row) => Number(row[column]));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      mean,
      deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length),
    };
  });

const standardised =
  (scale: Scale) =>
  (row: Row): number[] => [
    1,
    ...scale.map(({ mean, deviation }, at) => (Number(row[columns[at] ?? ""]) - mean) / deviation),
  ];
