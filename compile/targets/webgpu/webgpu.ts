// A program on a device: compiled once for each device that it is run on, then a list of dispatches over the arena. Tensors
// of the device go in and out by copies on the device, in the order in which work is submitted.

import type * as tf from "@tensorflow/tfjs-core";
import { engine } from "@tensorflow/tfjs-core";
import { deviceLost, programFailed } from "../errors.ts";
import { planBuffers } from "../../program/planBuffers.ts";
import type { Address, Program, UnplannedProgram } from "../../program/program.ts";
import { sizeOf, typedValues, type DType, type TensorType, type TypedValues } from "../../type.ts";
import type { Submitted } from "../target.ts";
import { arenaOf } from "./arena.ts";
import { currentBackend, failures, type DeviceBackend } from "./device.ts";
import { localBuffers } from "./localBuffers.ts";
import { machineOf, type Machine } from "./machine.ts";
import { schedule, scheduleSizes, type Sizes, type Step } from "./schedule.ts";
import { Sections } from "./sections.ts";
import { gridShaders, layoutOf, sliceWords, type Layout, type Shader } from "./shader.ts";
import { teamShader } from "./teamShader.ts";
import { dispatchesOf, type Dispatch, type ReadyStep } from "./slices.ts";
import { scratchOf, widthOf } from "./width.ts";

interface Module extends Pick<Shader, "moves" | "workgroups"> {
  readonly pipeline: GPUComputePipeline;
}

/** What a device has of a program. */
interface Loaded {
  readonly device: GPUDevice;
  readonly layout: GPUBindGroupLayout;
  readonly steps: readonly ReadyStep<Module>[];
  readonly constants: GPUBuffer | null;
  /** Set when a module turned out not to compile. */
  failure: Error | null;
  readonly checked: Promise<Error | null>;
  /** The dispatches for the last budget, and what they need. */
  plan: { readonly most: number; readonly dispatches: readonly Dispatch<Module>[]; readonly uniform: GPUBuffer } | null;
  group: { readonly arena: GPUBuffer; readonly uniform: GPUBuffer; readonly group: GPUBindGroup } | null;
}

/** No dispatch, and no submission, should take longer: a browser resets the device after two seconds. */
const budget = 300;
/** Operations a millisecond before any were measured: those of a slow device. */
const firstSpeed = 100_000;

export class WebGPUProgram {
  readonly #program: Program;
  /** The same, before buffers had places. */
  readonly #unplaced: UnplannedProgram;
  readonly #steps: readonly Step[];
  readonly #sections: Sections;
  readonly #layout: Layout;
  #loaded: Loaded | null = null;
  /** Operations a millisecond of this program's own runs. */
  #speed = firstSpeed;
  #submitted: Submitted = { dispatches: 0, submissions: 0, bytesMoved: 0, bytesUploaded: 0 };

  readonly #sizes: Sizes;

  constructor(whole: UnplannedProgram, sizes: Sizes = scheduleSizes) {
    this.#sizes = sizes;
    const { steps, program } = schedule(whole, sizes);
    this.#steps = steps;
    this.#sections = new Sections(program);
    this.#unplaced = program;
    this.#program = planBuffers(program);
    this.#layout = layoutOf(program);
  }

  get bytes(): number {
    return this.#program.bytes;
  }

  get submitted(): Submitted {
    return this.#submitted;
  }

  /** The modules' text for a device. */
  shaders(machine: Machine): readonly string[] {
    const texts: string[] = [];
    this.#ready((shader) => {
      texts.push(shader.code);
      return shader;
    }, machine);
    return texts;
  }

  run(inputs: readonly tf.Tensor[]): tf.Tensor[] {
    const backend = currentBackend();
    const { device } = backend;
    const loaded = this.#load(device);
    if (loaded.failure) throw loaded.failure;
    const arena = arenaOf(device).ensure(4 * this.#layout.start + this.#program.bytes);
    const { dispatches, uniform } = this.#plan(loaded);
    const group = bindGroup(loaded, arena, uniform);

    // What tfjs has recorded comes first.
    flush(backend);
    device.pushErrorScope("validation");
    device.pushErrorScope("out-of-memory");
    let encoder = device.createCommandEncoder();
    let [moved, uploaded, submissions] = [0, 0, 0];
    let constantsAt = 0;
    for (const { buffer, values } of this.#program.constants) {
      const bytes = 4 * values.length;
      if (bytes === 0) continue;
      encoder.copyBufferToBuffer(
        loaded.constants!,
        constantsAt,
        arena,
        this.#byte({ base: { buffer }, offset: 0, strides: [] }),
        bytes,
      );
      constantsAt += bytes;
      moved += bytes;
    }
    this.#program.inputs.forEach(({ address, type }, i) => {
      const bytes = 4 * sizeOf(type.shape);
      if (bytes === 0) return;
      const at = this.#byte(address);
      const from = bufferOf(backend, inputs[i]!);
      if (from) encoder.copyBufferToBuffer(from, 0, arena, at, bytes);
      else {
        device.queue.writeBuffer(arena, at, asWords(inputs[i]!.dataSync(), type.dtype));
        uploaded += bytes;
      }
      moved += bytes;
    });
    const submit = (): void => {
      device.queue.submit([encoder.finish()]);
      submissions++;
    };
    const begun = performance.now();
    let pass: GPUComputePassEncoder | null = null;
    let pending = 0;
    dispatches.forEach(({ module, work }, i) => {
      if (pass && pending + work > this.#speed * budget) {
        pass.end();
        submit();
        encoder = device.createCommandEncoder();
        pass = null;
        pending = 0;
      }
      pass ??= encoder.beginComputePass();
      pass.setPipeline(module.pipeline);
      pass.setBindGroup(0, group, [i * uniformStride]);
      pass.dispatchWorkgroups(...module.workgroups);
      pending += work;
    });
    (pass as GPUComputePassEncoder | null)?.end();
    const outputs = this.#program.outputs.map(({ address, type }) => {
      const bytes = 4 * sizeOf(type.shape);
      if (bytes === 0) return null;
      const buffer = backend.bufferManager.acquireBuffer(bytes, tensorUsage);
      encoder.copyBufferToBuffer(arena, this.#byte(address), buffer, 0, bytes);
      moved += bytes;
      return buffer;
    });
    submit();
    const failure = this.#outcome(device, loaded);
    this.#measure(device, begun, dispatches.reduce((sum, { work }) => sum + work, 0)); // prettier-ignore
    this.#submitted = { dispatches: dispatches.length, submissions, bytesMoved: moved, bytesUploaded: uploaded };
    return outputs.map((buffer, i) => tensorOf(backend, buffer, this.#program.outputs[i]!.type, failure));
  }

  #byte({ base, offset }: Address): number {
    if (!("buffer" in base)) throw new Error("internal: inputs and outputs live in buffers, please report");
    return 4 * this.#layout.start + this.#program.buffers[base.buffer]!.start + offset;
  }

  #ready<M extends Pick<Shader, "moves">>(make: (shader: Shader) => M, machine: Machine): ReadyStep<M>[] {
    const visit = (steps: readonly Step[]): ReadyStep<M>[] =>
      steps.map((step): ReadyStep<M> => {
        switch (step.kind) {
          case "team":
            return { kind: "team", step, modules: [make(this.#teamShader(step, machine))] };
          case "grid":
            return {
              kind: "grid",
              step,
              modules: gridShaders(this.#program, this.#layout, step, { ...machine, many: true }).map(make),
            };
          case "repeat":
            return { kind: "repeat", step, body: visit(step.body) };
          default:
            return step satisfies never;
        }
      });
    return visit(this.#steps);
  }

  #teamShader(step: Extract<Step, { kind: "team" }>, machine: Machine): Shader {
    const { memory, near, subgroups } = machine;
    const lanes = widthOf(this.#program, this.#sections, step, machine);
    const room = near ? memory - scratchOf(this.#program, step, { lanes, subgroups }) : 0;
    const local = localBuffers(this.#unplaced, this.#sections, step, room);
    return teamShader(this.#program, this.#layout, this.#sections, step, { lanes, many: false, subgroups }, local);
  }

  #load(device: GPUDevice): Loaded {
    if (this.#loaded?.device === device) return this.#loaded;
    device.pushErrorScope("validation");
    const layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "storage" } },
        { binding: 1, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: 4 * sliceWords } }, // prettier-ignore
      ],
    });
    const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
    const known = new Map<string, GPUComputePipeline>();
    const make = ({ code, moves, workgroups }: Shader): Module => {
      let pipeline = known.get(code);
      if (!pipeline) {
        const module = device.createShaderModule({ code });
        pipeline = device.createComputePipeline({ layout: pipelineLayout, compute: { module, entryPoint: "main" } });
        known.set(code, pipeline);
      }
      return { pipeline, moves, workgroups };
    };
    const steps = this.#ready(make, { ...machineOf(device), ...this.#sizes.machine });
    const loaded: Loaded = {
      device,
      layout,
      steps,
      constants: constantsBuffer(device, this.#program.constants.map(({ values }) => values)), // prettier-ignore
      failure: null,
      checked: device.popErrorScope().then(
        (error) => (loaded.failure = error ? programFailed("a program does not compile", error.message) : null),
        () => null, // the device is lost, which is told elsewhere
      ),
      plan: null,
      group: null,
    };
    this.#loaded = loaded;
    return loaded;
  }

  #plan(loaded: Loaded): NonNullable<Loaded["plan"]> {
    const most = this.#sizes.most ?? this.#speed * budget;
    const { plan, device } = loaded;
    // A new speed that would cut as before changes nothing.
    if (plan && most >= plan.most / 2 && (most <= plan.most * 2 || isUncut(plan.dispatches, loaded.steps.length))) {
      return plan;
    }
    const dispatches = dispatchesOf(loaded.steps, this.#layout.pointers, most);
    const uniform = device.createBuffer({
      size: Math.max(1, dispatches.length) * uniformStride,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    const words = new Int32Array((Math.max(1, dispatches.length) * uniformStride) / 4);
    dispatches.forEach((dispatch, i) => words.set(dispatch.words, (i * uniformStride) / 4));
    device.queue.writeBuffer(uniform, 0, words);
    plan?.uniform.destroy();
    loaded.plan = { most, dispatches, uniform };
    return loaded.plan;
  }

  /** What becomes of a run that was submitted. */
  #outcome(device: GPUDevice, loaded: Loaded): Promise<Error | null> {
    const scopes = [device.popErrorScope(), device.popErrorScope()];
    const outcome = Promise.all([loaded.checked, ...scopes]).then(
      ([compiled, memory, validation]) => {
        const error = (memory ?? validation) as GPUError | null;
        return (compiled as Error | null) ?? (error ? programFailed("a program failed", error.message) : null);
      },
      (error: unknown) => deviceLost(String(error)),
    );
    return outcome;
  }

  #measure(device: GPUDevice, begun: number, work: number): void {
    const since = Math.max(begun, busyUntil.get(device) ?? 0);
    const done = async (): Promise<void> => {
      await device.queue.onSubmittedWorkDone();
      const now = performance.now();
      const took = Math.max(0.05, now - Math.max(since, busyUntil.get(device) ?? 0));
      busyUntil.set(device, now);
      this.#speed = Math.max(firstSpeed / 100, work / took);
    };
    done().catch(() => {}); // the device is lost, which is told elsewhere
  }
}

/** When each device was last known to finish something. */
const busyUntil = new WeakMap<GPUDevice, number>();

const uniformStride = 256;
const tensorUsage = 0x80 | 0x4 | 0x8; // STORAGE | COPY_SRC | COPY_DST, as tfjs has it

const isUncut = (dispatches: readonly unknown[], steps: number): boolean => dispatches.length <= steps;

function bindGroup(loaded: Loaded, arena: GPUBuffer, uniform: GPUBuffer): GPUBindGroup {
  if (loaded.group?.arena !== arena || loaded.group.uniform !== uniform) {
    const group = loaded.device.createBindGroup({
      layout: loaded.layout,
      entries: [
        { binding: 0, resource: { buffer: arena } },
        { binding: 1, resource: { buffer: uniform, size: 4 * sliceWords } },
      ],
    });
    loaded.group = { arena, uniform, group };
  }
  return loaded.group.group;
}

function flush(backend: DeviceBackend): void {
  if (!backend.commandEncoder) return;
  backend.endComputePassEncoder();
  backend.submitQueue();
}

/** The buffer that holds a tensor of the device's backend; null for one that is on the CPU. */
function bufferOf(backend: DeviceBackend, { dataId }: tf.Tensor): GPUBuffer | null {
  if (!backend.tensorMap.has(dataId as tf.DataId)) return null;
  return backend.tensorMap.get(dataId as tf.DataId).resource as GPUBuffer | null;
}

/** Four bytes an element, of the dtype's own kind: tfjs shares storage between dtypes. */
const asWords = (values: tf.TypedArray, dtype: DType): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> =>
  dtype === "float32" ? Float32Array.from(values) : Int32Array.from(values);

function constantsBuffer(device: GPUDevice, constants: readonly TypedValues[]): GPUBuffer | null {
  const words = constants.reduce((sum, values) => sum + values.length, 0);
  if (words === 0) return null;
  const buffer = device.createBuffer({ size: 4 * words, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
  const memory = buffer.getMappedRange();
  let at = 0;
  for (const values of constants) {
    const view = values instanceof Float32Array ? Float32Array : Int32Array;
    new view(memory, 4 * at, values.length).set(values);
    at += values.length;
  }
  buffer.unmap();
  return buffer;
}

function tensorOf(
  backend: DeviceBackend,
  buffer: GPUBuffer | null,
  { shape, dtype }: TensorType,
  failure: Promise<Error | null>,
): tf.Tensor {
  const dataId = backend.write(buffer ? null : typedValues(dtype, 0), [...shape], dtype);
  backend.tensorMap.get(dataId).resource = buffer;
  failures.set(dataId, failure);
  return engine().makeTensorFromDataId(dataId, [...shape], dtype, backend);
}
