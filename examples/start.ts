/**
 * `npm start`: a DNC learns to copy sequences, is tested on fresh ones, is given a larger memory and twice as long
 * sequences, and shows what its memory did. Ends with an exit code other than 0 where it did not learn.
 */
import { Command } from "commander";
import { copyDefaults } from "engram";
import { runCopy } from "./copyRun.ts";
import { checkResumed, main, wholeNumber, withCommonOptions, type CommonOptions } from "./options.ts";

const command = withCommonOptions(new Command("npm start --"), { minutes: 10, targets: ["wasm", "webgpu", "tfjs"] })
  .description("Trains a Differentiable Neural Computer to copy sequences, and shows what its memory did.")
  .option("--seed <number>", "where all randomness comes from", wholeNumber(0), copyDefaults.seed)
  .parse();

const options = command.opts<CommonOptions & { readonly seed: number }>();
if (options.resume !== undefined) checkResumed(command, []);
await main(options.target, () =>
  runCopy({ ...options, config: { ...copyDefaults, seed: options.seed }, command: "npm start --" }),
);
