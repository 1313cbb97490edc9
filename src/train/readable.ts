/** Numbers that are still on a device. */
import { treeLeaves } from "../../compile/index.ts";

/**
 * Waits until the numbers of all tensors in `tree` can be read at once (`dataSync`): those of the target `webgpu` have to be
 * fetched first. Others are there already.
 */
export async function readable(tree: object): Promise<void> {
  await Promise.all(treeLeaves(tree).map((tensor) => tensor.data()));
}
