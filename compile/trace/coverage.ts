// What of tfjs-core traces, and of all else why not and the way round. Complete by test: every op and every kernel that
// tfjs-core exports is either traced or has its reason here. docs/traceable-ops.md is written from these tables.

import { tfjsLowerings } from "./lowerings/index.ts";

/** The ops of one heading of the tfjs API. */
export interface OpGroup {
  readonly name: string;
  /** Ops that become part of the graph; those of a namespace with it (`losses.logLoss`). */
  readonly traces: readonly string[];
  /** Ops that run while tracing, and whose numbers become constants of the graph: why that may surprise, or "". */
  readonly constants?: Readonly<Record<string, string>>;
  /** Ops that do not trace: why, and what to do instead. */
  readonly untraced?: Readonly<Record<string, string>>;
  /** Ops that trace, and differ from tfjs's CPU backend in a corner. */
  readonly notes?: Readonly<Record<string, string>>;
}

const words = (list: string): readonly string[] => list.trim().split(/\s+/);
const each = (list: string, reason: string): Record<string, string> => Object.fromEntries(words(list).map((word) => [word, reason])); // prettier-ignore

const complex = "it works on complex numbers. Keep the real and the imaginary part as two float32 tensors.";
const strings = "it works on strings. Prepare them before the call, and pass numbers in.";
const convolution = "convolutions and pooling are not compiled. Compute it outside the traced function, or write it with slice, concat and matMul."; // prettier-ignore
const image = "this image operation is not compiled. Do it before the call, and pass the result in.";
const reads = "it reads the numbers of tensors, which are unknown while tracing. ";
const dependent = "the shape of its result depends on numbers, which are unknown while tracing. ";
const mask = `${dependent}Keep the full shape and blank elements out with tf.where(mask, x, 0).`;
const ragged = `${dependent}Use tensors padded to one length, with a mask.`;
const sparse = `${dependent}Use dense tensors, or tf.gather and tf.unsortedSegmentSum with a given number of segments.`;
const boxes = `${dependent}Choose boxes before or after the call.`;
const unique = `${dependent}Compute it outside the traced function.`;
const sampled =
  "it draws with a seed of its own. Use random.categorical(key, logits) of engram/compile: its key is an argument.";
const never = "its op is composed of other kernels, and tfjs-core never runs this one.";
const drawn = "drawn once, while tracing: every call of the compiled function sees the same numbers. Use the functions of `random`, whose key is an argument."; // prettier-ignore

/** Why a kernel has no lowering, and the way round. */
const untracedKernels: Readonly<Record<string, string>> = {
  ...each("Complex ComplexAbs FFT IFFT Imag Real", complex),
  ...each("StaticRegexReplace StringNGrams StringSplit StringToHashBucketFast", strings),
  ...each(
    `AvgPool AvgPool3D AvgPool3DGrad AvgPoolGrad Conv2D Conv2DBackpropFilter Conv2DBackpropInput Conv3D
     Conv3DBackpropFilterV2 Conv3DBackpropInputV2 DepthwiseConv2dNative DepthwiseConv2dNativeBackpropFilter
     DepthwiseConv2dNativeBackpropInput Dilation2D Dilation2DBackpropFilter Dilation2DBackpropInput FusedConv2D
     FusedDepthwiseConv2D MaxPool MaxPool3D MaxPool3DGrad MaxPoolGrad MaxPoolWithArgmax`,
    convolution,
  ),
  ...each(
    "CropAndResize ResizeBilinear ResizeBilinearGrad ResizeNearestNeighbor ResizeNearestNeighborGrad RotateWithOffset Transform",
    image,
  ),
  ...each("Draw FromPixels", "it reads or writes a canvas. Do it outside the traced function."),
  ...each("NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5", boxes),
  ...each("RaggedGather RaggedRange RaggedTensorToTensor", ragged),
  ...each("SparseFillEmptyRows SparseReshape SparseSegmentMean SparseSegmentSum", sparse),
  Unique: unique,
  Multinomial: sampled,
  ...each("BroadcastTo LogSoftmax LogicalXor LowerBound UpperBound MatrixBandPart Pool", never),
};

/** Why a kernel of tfjs cannot be traced, and what to do instead: the end of an error's sentence. */
export const whyNotTraceable = (kernelName: string): string =>
  untracedKernels[kernelName] ??
  "tfjs-core does not have this kernel: it comes from elsewhere. Compute it outside the traced function, or write it in tfjs-core's ops.";

export const isTraced = (kernelName: string): boolean => Object.hasOwn(tfjsLowerings, kernelName);

export const hasReason = (kernelName: string): boolean => Object.hasOwn(untracedKernels, kernelName);

const outOfRange = "an index out of range reads the nearest element; tfjs throws";
const dropped = "what would be written out of range is dropped; tfjs throws";
const ties = "where both are equal, each gets half of the gradient; tfjs gives all to the first";
const manyTies = "equal extremes share the gradient; tfjs gives all of it to each";

/** The op API of tfjs-core 4.22, by its own headings. */
export const opGroups: readonly OpGroup[] = [
  {
    name: "Creation",
    traces: words("clone diag fill linspace oneHot onesLike range zerosLike"),
    constants: {
      ...each("eye ones scalar tensor tensor1d tensor2d tensor3d tensor4d tensor5d tensor6d zeros", ""),
      buffer: "a buffer is written by JavaScript while tracing; its tensor is a constant.",
      truncatedNormal: drawn,
    },
    untraced: {
      ...each("complex imag real", complex),
      print: `${reads}Return the tensor and print it outside.`,
      variable:
        "a variable is changed by assignment, which a compiled function does not see. Take its value as an argument, and return the new one.",
    },
  },
  {
    name: "Random",
    traces: [],
    constants: each("rand randomGamma randomNormal randomStandardNormal randomUniform randomUniformInt", drawn),
    untraced: { multinomial: sampled },
  },
  {
    name: "Transformations",
    traces: words(
      "batchToSpaceND broadcastArgs broadcastTo cast depthToSpace ensureShape expandDims mirrorPad pad pad1d pad2d pad3d pad4d reshape spaceToBatchND squeeze",
    ),
    untraced: { setdiff1dAsync: unique },
    notes: {
      broadcastArgs: "that the two shapes agree is not checked",
      mirrorPad: "the gradient counts the mirrored elements, which tfjs's leaves out",
      cast: "numbers beyond the int32s become the nearest int32; the derivative through an int32 is zero",
    },
  },
  {
    name: "Slicing and Joining",
    traces: words(
      "concat concat1d concat2d concat3d concat4d gather gatherND meshgrid reverse reverse1d reverse2d reverse3d reverse4d scatterND slice slice1d slice2d slice3d slice4d split stack stridedSlice tensorScatterUpdate tile unstack",
    ),
    untraced: { booleanMaskAsync: mask },
    notes: { ...each("gather gatherND", outOfRange), ...each("scatterND tensorScatterUpdate", dropped) },
  },
  {
    name: "Matrices",
    traces: words("dot einsum euclideanNorm matMul norm outerProduct transpose"),
    notes: {
      einsum: "right also where an index of one operand alone is summed (`ij,k->jk`); tfjs's result may be wrong there",
      matMul: "leading axes broadcast on both sides, gradients included",
    },
  },
  {
    name: "Arithmetic",
    traces: words("add addN div divNoNan floorDiv maximum minimum mod mul pow squaredDifference sub"),
    notes: {
      ...each("maximum minimum", ties),
      ...each("add sub", "of two bools a bool: or, and exclusive or; tfjs stores 2 or 255"),
    },
  },
  {
    name: "Basic math",
    traces: words(
      "abs acos acosh asin asinh atan atan2 atanh ceil clipByValue cos cosh elu erf exp expm1 floor isFinite isInf isNaN leakyRelu log log1p logSigmoid neg prelu reciprocal relu relu6 round rsqrt selu sigmoid sign sin sinh softplus sqrt square step tan tanh",
    ),
    notes: { sign: "a NaN stays; tfjs makes it 0" },
  },
  {
    name: "Logical",
    traces: words(
      "bitwiseAnd equal greater greaterEqual less lessEqual logicalAnd logicalNot logicalOr logicalXor notEqual where",
    ),
    untraced: { whereAsync: mask },
  },
  {
    name: "Reduction",
    traces: words("all any argMax argMin bincount denseBincount logSumExp max mean min prod sum"),
    notes: {
      ...each("max min", manyTies),
      ...each("argMax argMin", "a NaN is passed over; tfjs stays at one in front"),
      ...each("bincount denseBincount", "negative numbers count nowhere; tfjs throws"),
    },
  },
  { name: "Scan", traces: words("cumprod cumsum") },
  { name: "Segment", traces: words("unsortedSegmentSum") },
  {
    name: "Normalization",
    traces: words(
      "batchNorm batchNorm2d batchNorm3d batchNorm4d localResponseNormalization logSoftmax moments softmax sparseToDense",
    ),
    notes: { sparseToDense: dropped },
  },
  {
    name: "Evaluation",
    traces: words("lowerBound math.confusionMatrix searchSorted topk upperBound"),
    untraced: { inTopKAsync: `${reads}Compare tf.topk(x, k).indices with the targets.`, unique },
    notes: { topk: "sorted even where `sorted` is false" },
  },
  { name: "Linear algebra", traces: words("linalg.bandPart linalg.gramSchmidt linalg.qr") },
  {
    name: "Losses",
    notes: {
      "losses.softmaxCrossEntropy":
        "the gradient of the labels is minus the log-probabilities; tfjs's is another number",
    },
    traces: words(
      "losses.absoluteDifference losses.computeWeightedLoss losses.cosineDistance losses.hingeLoss losses.huberLoss losses.logLoss losses.meanSquaredError losses.sigmoidCrossEntropy losses.softmaxCrossEntropy",
    ),
  },
  { name: "RNN, moving average", traces: words("basicLSTMCell movingAverage multiRNNCell") },
  { name: "Dropout", traces: [], constants: { dropout: `its mask is ${drawn}` } },
  {
    name: "Fused",
    traces: words("fused.matMul"),
    untraced: each("fused.conv2d fused.depthwiseConv2d", convolution),
  },
  {
    name: "Convolution",
    traces: [],
    untraced: each(
      "avgPool avgPool3d conv1d conv2d conv2dTranspose conv3d conv3dTranspose depthwiseConv2d dilation2d maxPool maxPool3d maxPoolWithArgmax pool separableConv2d",
      convolution,
    ),
  },
  {
    name: "Images",
    traces: words("image.flipLeftRight image.grayscaleToRGB image.rgbToGrayscale"),
    untraced: {
      ...each(
        "image.cropAndResize image.resizeBilinear image.resizeNearestNeighbor image.rotateWithOffset image.threshold image.transform",
        image,
      ),
      ...each(
        "image.nonMaxSuppression image.nonMaxSuppressionAsync image.nonMaxSuppressionPadded image.nonMaxSuppressionPaddedAsync image.nonMaxSuppressionWithScore image.nonMaxSuppressionWithScoreAsync",
        boxes,
      ),
    },
  },
  {
    name: "Signal, spectral",
    traces: words("signal.frame signal.hammingWindow signal.hannWindow"),
    untraced: each("fft ifft irfft rfft signal.stft spectral.fft spectral.ifft spectral.irfft spectral.rfft", complex),
  },
  {
    name: "Ragged, sparse",
    traces: [],
    untraced: {
      ...each("raggedGather raggedRange raggedTensorToTensor", ragged),
      ...each(
        "sparse.sparseFillEmptyRows sparse.sparseReshape sparse.sparseSegmentMean sparse.sparseSegmentSum",
        sparse,
      ),
    },
  },
  {
    name: "String",
    traces: [],
    untraced: each(
      "string.staticRegexReplace string.stringNGrams string.stringSplit string.stringToHashBucketFast",
      strings,
    ),
  },
];
