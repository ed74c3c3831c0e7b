/** The tracker's commit of a batch, with points before, in and after it. */
import { Fold } from "../../../../services/tracker/fold.ts";
import { strikeAt } from "../strike-at.ts";

export * from "../../../../services/tracker/fold.ts";

const { persist } = Fold.prototype;

Fold.prototype.persist = async function (entries) {
  strikeAt("before batch");
  const writing = persist.call(this, entries);
  setImmediate(() => strikeAt("in batch"));
  await writing;
  strikeAt("after batch");
};
