/** What a document has at a place is not what an operation is about. Becomes TransformationFailed with the change's id. */
export class Misfit extends Error {
  readonly steps: (string | number)[] = [];

  /** Told from the inside: `step` is the next one outwards. */
  inside(step: string | number): this {
    this.steps.unshift(step);
    return this;
  }
}
