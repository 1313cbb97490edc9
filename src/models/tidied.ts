// Eager tfjs keeps every intermediate tensor until someone disposes of it. A cell's functions leave nothing but their results.
import * as tf from "@tensorflow/tfjs-core";

/** `tf.tidy` for functions that return records declared as interfaces, whose tensors it finds as well. */
export function tidied<T extends object>(work: () => T): T {
  // tidy's own type wants an index signature, which interfaces do not have; at run time it walks any record or array.
  return tf.tidy(work as () => tf.TensorContainer) as T;
}
