import { Problem } from "@jackfield/problem/problem";
import { printPosition, type Position } from "@jackfield/spec/event/position";

// What a log reader meets; it tells the one who started it, and tries again.

export const interrupted = (why: string): Problem =>
  new Problem("E_STORE_DOWN", `Reading the stream was interrupted: ${why}.`);

export const noStream = (stream: string): Problem =>
  new Problem("E_STORE_DOWN", `NATS holds no stream ${stream}.`, {
    next: "start the tracker, which makes it (`jackfield up`)",
  });

export const notReadYet = (from: Position): Problem =>
  new Problem("E_WAITED", `The tracker's log does not go beyond ${printPosition(from)} yet.`, {
    why: "the stream does not hold what comes after it any more",
    next: "it is asked again; when the tracker stands still, look at its log",
  });

export const streamBehind = (last: Position): Problem =>
  new Problem("E_STREAM_BEHIND", `The stream is not the one that was read up to ${printPosition(last)}.`, {
    why: "it ends before, or holds other messages at that place: it lost its end, or an old copy was put back",
    next: "start the tracker, which gives it a new epoch",
  });
