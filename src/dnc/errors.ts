// The mistakes a user of the DNC can make, one function each: code, what was called, expected, got, cure.

/** A size or an option that cannot be. `path` names it as the user wrote it: `dnc: controller.hidden[1]`. */
export function invalidOption(path: string, expected: string, got: unknown): RangeError {
  return coded(new RangeError(`${path}: expected ${expected}, got ${show(got)}.`), "invalid-option");
}

/** An option nobody knows: most often a misspelt one, which silence would turn into a default. */
export function unknownOption(where: string, name: string, known: readonly string[]): RangeError {
  const message = `${where}: unknown option "${name}". Known options: ${known.join(", ")}.`;
  return coded(new RangeError(message), "unknown-option");
}

/** A tensor of the wrong shape at the border of the cell. `expected` may hold letters: `[B, 8]`. */
export function wrongShape(
  where: string,
  argument: string,
  expected: string,
  got: readonly number[],
  cure: string,
): RangeError {
  const message = `${where}: ${argument} has shape [${got.join(", ")}], expected ${expected}. ${cure}`;
  return coded(new RangeError(message), "wrong-shape");
}

/** An LSTM was given the state of a network with fewer layers. */
export function missingLayerState(layer: number, got: number): RangeError {
  const message =
    `state.controller.layers[${layer}] is missing: expected a state a layer, got ${got}. ` +
    `Make the state by initialState(B) of the same configuration.`;
  return coded(new RangeError(message), "missing-layer-state");
}

/** Dropout was asked for without randomness to draw it with. */
export function missingKey(where: string): TypeError {
  const message =
    `${where}: training with bypassDropout needs a key. ` +
    `Pass { key }, a fresh one each sequence (random.split), or { training: false } to evaluate.`;
  return coded(new TypeError(message), "missing-key");
}

const coded = <E extends Error>(error: E, code: string): E & { readonly code: string } =>
  Object.assign(error, { code });

function show(value: unknown): string {
  if (typeof value === "number" || value === undefined) return String(value);
  return JSON.stringify(value) ?? typeof value; // A function or a symbol, which JSON does not write.
}
