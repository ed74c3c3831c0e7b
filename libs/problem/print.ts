import type { ProblemReport } from "@jackfield/spec/event/problem";

/** The one form in which people read a problem: code and sentence, then why, here, next. */
export function printProblem(report: ProblemReport): string {
  const lines = [`${report.code}  ${report.what}`];
  if (report.why !== undefined) lines.push(`  why    ${indent(report.why)}`);
  if (report.here !== undefined) lines.push(`  here   ${indent(report.here)}`);
  if (report.next !== undefined) lines.push(`  next   ${indent(report.next)}`);
  return lines.join("\n");
}

const indent = (text: string): string => text.replaceAll("\n", "\n         ");
