/** Copy and repeat copy with settings of your own: `node --import tsx -C engram-source examples/copy.ts --help`. */
import { Command, Option } from "commander";
import { copyDefaults, type CopyExperimentConfig } from "engram";
import { runCopy } from "./copyRun.ts";
import { checkResumed, main, positiveNumber, wholeNumber, withCommonOptions, type CommonOptions } from "./options.ts";

const program = "node --import tsx -C engram-source examples/copy.ts";
const size = wholeNumber(1);
const command = withCommonOptions(new Command(program), { minutes: 10, targets: ["wasm", "webgpu", "tfjs"] })
  .description("Trains a DNC to copy sequences, once or, with --task repeat-copy, several times over.")
  .addOption(new Option("--task <name>", "what to learn").choices(["copy", "repeat-copy"]).default("copy"))
  .option("--seed <number>", "where all randomness comes from", wholeNumber(0), copyDefaults.seed)
  .option("--bits <number>", "bits of a word", size, copyDefaults.bits)
  .option("--max-length <number>", "words of the longest sequence", size, copyDefaults.maxLength)
  .option("--max-repeats <number>", "most repeats, of repeat-copy", size, copyDefaults.maxRepeats)
  .addOption(
    new Option("--controller <name>", "what controls the memory")
      .choices(["feedforward", "lstm"])
      .default(copyDefaults.controller),
  )
  .option("--hidden <number>", "width of the controller", size, copyDefaults.hidden)
  .option("--locations <number>", "locations of the memory", size, copyDefaults.locations)
  .option("--word-size <number>", "numbers in a location", size, copyDefaults.wordSize)
  .option("--read-heads <number>", "read heads", size, copyDefaults.readHeads)
  .option("--batch <number>", "sequences in a batch", size, copyDefaults.batch)
  .option("--learning-rate <number>", "Adam's rate", positiveNumber, copyDefaults.learningRate)
  .option("--clip <number>", "bound on the gradient's norm", positiveNumber, copyDefaults.clip)
  .parse();

type Options = CommonOptions & Omit<CopyExperimentConfig, "task"> & { readonly task: "copy" | "repeat-copy" };
const { task, ...options } = command.opts<Options>();
if (options.resume !== undefined) checkResumed(command, []);
const {
  seed,
  bits,
  maxLength,
  maxRepeats,
  controller,
  hidden,
  locations,
  wordSize,
  readHeads,
  batch,
  learningRate,
  clip,
} = options;
const sizes = { bits, maxLength, maxRepeats, controller, hidden, locations, wordSize, readHeads, batch };
const config = { task: task === "copy" ? task : "repeat copy", seed, ...sizes, learningRate, clip } as const;
await main(options.target, () => runCopy({ ...options, config, command: program }));
