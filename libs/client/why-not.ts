import { nearestNames } from "@jackfield/problem/nearest";
import { many } from "./words.ts";

/** A trigger that did not fire, and the clause that said no. */
export interface Refusal {
  trigger: string;
  clause: string;
}

const shownOthers = 4;
/** A clause that is a type alone: this trigger waits for other events altogether. */
const isType = ({ clause }: Refusal): boolean => /^[A-Za-z0-9_.*:/-]+$/.test(clause);

/**
 * Why nothing reacted to an event of this type: the nearest trigger first. One whose type fits and that another clause
 * stopped is nearer than any that waits for another type; of those the most alike name.
 */
export function whyNot(type: string, refused: readonly Refusal[]): string {
  if (refused.length === 0) return "no workflow listens to anything here; the event is kept";
  const others = refused.filter(isType);
  const alike = nearestNames(
    type,
    others.map(({ clause }) => clause),
    others.length,
  );
  const byName = [...new Set([...alike, ...others.map(({ clause }) => clause)])].flatMap((name) =>
    others.filter(({ clause }) => clause === name),
  );
  const [nearest, ...rest] = [...refused.filter((one) => !isType(one)), ...byName];
  if (nearest === undefined) return "";
  const more = rest.length - shownOthers;
  return [
    `nearest: ${said(nearest)}`,
    ...rest.slice(0, shownOthers).map(said),
    ...(more > 0 ? [`and ${many(more, "more trigger")}`] : []),
  ].join("\n");
}

const said = (refusal: Refusal): string =>
  isType(refusal)
    ? `${refusal.trigger} waits for ${refusal.clause}`
    : `${refusal.trigger} says no: ${refusal.clause}`;
