import { comparePositions, type Position } from "@jackfield/spec/event/position";

export const samePlace = (a: Position, b: Position): boolean => comparePositions(a, b) === 0;
