// npm run golden -- DIR: replays a folder of golden vectors on every target. Exits with 1 where one is not met or was passed over.
import { Command } from "commander";
import { enableProdMode } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { useTfjs } from "engram/compile";
import { deviceOrReason } from "../compile/targets/webgpu/adapter.ts";
import { replayFolder } from "./replayFolder.ts";
import { targets } from "./replayFile.ts";

enableProdMode(); // No banner among the results.
useTfjs(); // as ENGRAM_TFJS says

await new Command("golden")
  .description(
    "Replays golden vectors of the DNC and prints the number of arrays compared and the largest error of each file.",
  )
  .argument("<dir>", "a folder of safetensors files, laid out as spec/golden/vectors/LAYOUT.md says")
  .option("--target <names...>", `one or more of ${targets.join(", ")}, webgpu (default: all that run here)`)
  .action(async (dir: string, { target }: { readonly target?: readonly string[] }) => {
    const wanted = target === undefined || target.includes("webgpu");
    const device = wanted ? await deviceOrReason() : null;
    if (typeof device === "string") console.log(`webgpu is left out: ${device}`);
    const here = typeof device === "string" ? [] : ["webgpu"];
    // Who asks for webgpu by name is not to take its absence for success.
    const refused = typeof device === "string" && target !== undefined;
    const on = target?.filter((name) => name !== "webgpu" || here.length > 0) ?? [...targets, ...here];
    process.exitCode = (await replayFolder(dir, on, console.log)) && !refused ? 0 : 1;
    if (device !== null && typeof device !== "string") device.destroy();
  })
  .parseAsync();
