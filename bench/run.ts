// npm run bench -- --help

import "@tensorflow/tfjs-backend-cpu";
import { CommanderError } from "commander";
import { createWebGPU, useTfjs, useWideVectors } from "engram/compile";
import { check, checkColumns, tolerance, type CheckRow } from "./check.ts";
import { configurations } from "./configurations.ts";
import { prepare, type Subject } from "./dncStep.ts";
import { describeMachine } from "./machine.ts";
import { parseOptions, type Options } from "./options.ts";
import { peakColumns, peakRows, productColumns, roofline } from "./roofline.ts";
import { sweep, sweepColumns, type SweepRow } from "./sweep.ts";
import { jsonLine, markdownTable, textTable, type Column } from "./table.ts";
import { deviceColumns, timeOnDevice, type DeviceRow } from "./device.ts";
import { time, timeColumns, type TimeRow } from "./time.ts";
import { duel, ourContenders, peerContenders, versusColumns, type VersusRow } from "./versus.ts";

/** What is under way, for whoever waits; no part of the output. */
const tell = (news: string): void => void process.stderr.write(`${news}\n`);

async function main({ question, ...options }: Options): Promise<void> {
  const { config, mode, target, threads, seconds, rounds, node, venv, alone, output } = options;
  if (options.wide && question.kind !== "versus" && !useWideVectors()) {
    console.error(
      `error: option '--wide' needs Node 24 or later on x64, this is Node ${process.versions.node} on ${process.arch}`,
    );
    process.exitCode = 1;
    return;
  }
  const vectors = options.wide ? ", wide vectors" : "";
  const machine = `${describeMachine(threads)}, Node ${process.versions.node}${vectors}`;
  if (output !== "json") console.log(output === "markdown" ? `${machine}\n` : machine);

  const show = <Row extends object>(columns: readonly Column<Row>[], rows: readonly Row[]): void => {
    if (output === "json") for (const row of rows) console.log(jsonLine(row));
    else console.log(`${output === "markdown" ? markdownTable(columns, rows) : textTable(columns, rows)}\n`);
  };
  const subjects = config.flatMap((c) =>
    target.flatMap((t) => mode.map((m) => ({ c, subject: { sizes: configurations[c], mode: m, target: t, threads } satisfies Subject }))),
  ); // prettier-ignore

  switch (question.kind) {
    case "time": {
      const rows: TimeRow[] = [];
      const onDevice: DeviceRow[] = [];
      const gpu = target.includes("webgpu") ? await createWebGPU() : null;
      for (const { c, subject } of subjects) {
        tell(`${c} ${subject.mode} ${subject.target}`);
        if (subject.target === "webgpu")
          onDevice.push(await timeOnDevice(c, subject, { seconds, adapter: gpu!.adapter, alone }));
        else rows.push(await time(c, subject, seconds));
      }
      if (rows.length > 0) show(timeColumns, rows);
      if (onDevice.length > 0) show(deviceColumns, onDevice);
      gpu?.destroy();
      return;
    }
    case "versus": {
      const peers = peerContenders(question.peers, venv, tell);
      if (question.check) {
        const rows: CheckRow[] = [];
        for (const c of config) rows.push(...(await check(c, configurations[c], peers, threads, tell)));
        show(checkColumns, rows);
        if (!rows.every(({ difference }) => difference < tolerance)) process.exitCode = 1;
        return;
      }
      const contenders = [...ourContenders(node, options.wide), ...peers];
      const rows: VersusRow[] = [];
      for (const c of config) {
        for (const m of mode) {
          rows.push(...(await duel(contenders, { config: c, sizes: configurations[c], mode: m, threads, rounds, seconds }, tell))); // prettier-ignore
        }
      }
      show(versusColumns, rows);
      return;
    }
    case "profile":
      for (const { c, subject } of subjects) {
        const profile = (await prepare(subject)).profile();
        if (output === "json") console.log(JSON.stringify({ config: c, mode: subject.mode, ...profile }));
        else {
          const fence = output === "markdown" ? "\n```\n" : "\n";
          console.log(`${c} ${subject.mode}${fence}${String(profile)}${fence}`);
        }
      }
      return;
    case "sweep": {
      const rows: SweepRow[] = [];
      for (const name of question.names) {
        for (const { subject } of subjects) rows.push(...(await sweep(name, { ...subject, seconds }, tell)));
      }
      show(sweepColumns, rows);
      return;
    }
    case "roofline": {
      const { peaks, products } = await roofline(true, tell);
      if (output === "json") console.log(JSON.stringify({ peaks, products }));
      else {
        show(peakColumns, peakRows(peaks));
        show(productColumns(peaks), products);
      }
      return;
    }
    default:
      question satisfies never;
  }
}

let options: Options | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
}
if (options) {
  useTfjs(); // as ENGRAM_TFJS says
  await main(options);
}
