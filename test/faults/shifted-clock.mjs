import { readFileSync } from "node:fs";
import { setInterval } from "node:timers";

// Loaded before a program (`NODE_OPTIONS=--import=…`): its wall clock is wrong by what a file says, in milliseconds. The
// clock that never jumps (`performance.now`, timers) stays as it is.
const RealDate = Date;
let offset = 0;
const look = () => {
  try {
    offset = Number(readFileSync(process.env["JACKFIELD_TEST_CLOCK"] ?? "", "utf8"));
  } catch {
    offset = 0;
  }
};
look();
setInterval(look, 100).unref();

const now = () => RealDate.now() + offset;

class ShiftedDate extends RealDate {
  /** @param {[] | [number]} args also what else a Date is made of */
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }

  /** @override */
  static now() {
    return now();
  }

  /**
   * What the system made is a date, too.
   * @override
   * @param {unknown} value
   */
  static [Symbol.hasInstance](value) {
    return Object.prototype.toString.call(value) === "[object Date]";
  }
}
Object.defineProperty(globalThis, "Date", { value: ShiftedDate });
