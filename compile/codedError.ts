// What all errors of the catalogues have in common.

/** An error of a catalogue: `code` stays the same between versions, the message is for people. */
export interface CodedError extends Error {
  readonly code: string;
}

export const coded = (code: string, message: string): CodedError => Object.assign(new Error(message), { code });
