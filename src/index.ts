// The front door: the DNC and its baseline.
export { dnc, type Dnc, type DncObservation } from "./dnc/dnc.ts";
export {
  checkDncConfig,
  interfaceSize,
  type CompleteDncConfig,
  type ControllerConfig,
  type DncConfig,
} from "./dnc/config.ts";
export type { DncParams } from "./dnc/params.ts";
export type { DncState, MemoryState } from "./dnc/state.ts";
export type { ControllerParams, ControllerState, LstmLayerState } from "./dnc/controller.ts";
export type { LayerNormParams } from "./dnc/layerNorm.ts";
export type { Linear } from "./dnc/linear.ts";

// The paper's equations, one by one.
export { lstmLayer, stepController } from "./dnc/controller.ts";
export { parseInterface, type Interface } from "./dnc/interface.ts";
export { contentWeighting, cosineSimilarity, oneplus } from "./dnc/content.ts";
export {
  allocationWeighting,
  allocationWeightings,
  nextUsage,
  retention,
  type AllocationOptions,
} from "./dnc/allocation.ts";
export { writeMemory, writeWeighting } from "./dnc/write.ts";
export { backwardWeightings, forwardWeightings, nextLinks, nextPrecedence } from "./dnc/linkage.ts";
export { readVectors, readWeighting, type ReadModes } from "./dnc/read.ts";
export { paperEquations, type DncEquations } from "./dnc/equations.ts";
export { accessMemory, type Addressing } from "./dnc/memory.ts";

// Any recurrent network, and the paper's baseline.
export type { Cell, CellStep, InitialStateOptions } from "./models/cell.ts";
export { lstm, type Lstm, type LstmConfig, type LstmParams, type LstmState } from "./models/lstm.ts";

// Training: any cell, one compiled program a step, runs as records.
export { trainStep, testStep, runSequence } from "./train/trainStep.ts";
export type {
  Judgement,
  Learner,
  Objective,
  SequenceOptions,
  StepMetrics,
  StepResult,
  TrainStepOptions,
} from "./train/trainStep.ts";
export { beginRun, fit } from "./train/fit.ts";
export type { Experiment, FitOptions, FitResult, Measured, RunStore } from "./train/fit.ts";
export { applyUpdates, chain, type Optimiser, type OptimiserState } from "./train/optimiser.ts";
export { adam, type AdamOptions, type AdamState } from "./train/adam.ts";
export { rmsProp, type RmsPropOptions, type RmsPropState } from "./train/rmsProp.ts";
export { sgd, type SgdOptions, type SgdState } from "./train/sgd.ts";
export { clipByGlobalNorm, clipByValue, globalNorm } from "./train/clip.ts";
export { constant, cosineDecay, exponentialDecay, piecewise, warmUp, type Schedule } from "./train/schedule.ts";
export { bitError, labelError, sigmoidCrossEntropy, softmaxCrossEntropy, type LossOptions } from "./train/loss.ts";
export { foldInKey, randomStream, shuffled, streamKey } from "./train/randomStream.ts";
export type { RandomStream, StreamKey } from "./train/randomStream.ts";
export { readable } from "./train/readable.ts";
export type { Json, Run } from "./train/run.ts";
export { decodeRun, encodeParams, encodeRun } from "./train/checkpoint.ts";
export { readSafetensors, writeSafetensors } from "./train/safetensors.ts";
export type { Safetensors, StoredDtype, StoredTensor } from "./train/safetensors.ts";
export { TrainingError } from "./train/errors.ts";

// Training in Node: folders, terminals, Ctrl-C.
export { loadRun, newRunFolder, resumeRunFolder, type RunFolder } from "./train/runFolder.ts";
export { progressDisplay, progressLine, progressMode } from "./train/progress.ts";
export type { Progress, ProgressDisplay, ProgressMode, ProgressOptions } from "./train/progress.ts";
export { interruptSignal } from "./train/interrupt.ts";

// Tasks.
export type { SequenceBatch } from "./tasks/sequenceBatch.ts";
export { copyBatch, copyInputSize, type CopyConfig } from "./tasks/copy.ts";
export {
  repeatCopyBatch,
  repeatCopyDefaults,
  repeatCopyInputSize,
  repeatCopyOutputSize,
  type RepeatCopyConfig,
} from "./tasks/repeatCopy.ts";
export { copyCell, copyDefaults, copyExperiment, drawCopy, sequenceTest, solvedBelow } from "./tasks/copyExperiment.ts";
export type {
  CopyExperiment,
  CopyExperimentConfig,
  CopyLesson,
  SequenceTest,
  SequenceTestOptions,
} from "./tasks/copyExperiment.ts";
export { parseBabi, type Question, type Story } from "./tasks/babiStories.ts";
export { readBabiFolder, type BabiFolderOptions, type BabiSplit, type BabiTask } from "./tasks/babiFolder.ts";
export { babiData, babiSampler, babiVocabulary, layOut, meanError, scoreBabi } from "./tasks/babi.ts";
export type {
  BabiBatch,
  BabiData,
  BabiLayout,
  BabiSampler,
  BabiScore,
  BabiSplitOptions,
  EncodedStory,
} from "./tasks/babi.ts";
export { babiDefaults, babiExperiment } from "./tasks/babiExperiment.ts";
export type { BabiExperiment, BabiExperimentConfig, BabiLesson } from "./tasks/babiExperiment.ts";
export { babiTable, failedTasks, publishedBabi, type BabiTableOptions } from "./tasks/babiTable.ts";
export { bitObjective, wordObjective } from "./tasks/objectives.ts";
export { TaskError } from "./tasks/errors.ts";

// What a memory did: traces, words, pictures.
export { unroll, type Unrolled } from "./inspect/unroll.ts";
export { memoryTrace, type MemoryTrace, type ReadMode, type Rows, type TraceOptions } from "./inspect/memoryTrace.ts";
export { describeMemory, memoryEvents, type MemoryEvent } from "./inspect/describeMemory.ts";
export { drawMemory, memorySpec, type DrawingOptions } from "./inspect/drawMemory.ts";
export { rasterise } from "./inspect/rasterise.ts";
