/** A graph that cannot be edited as asked; `hint` says what is allowed. */
export class EditRefused extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
