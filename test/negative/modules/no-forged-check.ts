/** No forged check: what a body says counts, whoever was allowed to publish on the subject. */
export * from "@jackfield/events/subject";

export const checkAgainstSubject = (): undefined => undefined;
