/** A variant that was evaluated for somebody, of a flag whose variants stay. */
export interface Assignable {
  flag: string;
  targetingKey: string;
  variant: string;
}

/** Where it is remembered which variant somebody got first. */
export interface Assignments {
  /** The variant that stays: the one given first, or this one from now on. Never rejects; what it cannot learn in time it leaves as it was evaluated. */
  assigned(asked: Assignable): Promise<string>;
}
