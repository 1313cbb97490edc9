// What a loop only reads, made ready before it. A value of a scan's body that is computed from its constants alone is computed
// outside, turned into what its readers would rather have, and given to the scan as one more constant.

import { GraphBuilder } from "./build.ts";
import type { Equation, EquationOf, Graph, Value } from "./graph.ts";
import { computedFrom, computing } from "./walk.ts";

/** How an equation of the body reads something better than it did. */
export interface Preparation {
  /** What no step changes. */
  readonly value: Value;
  /** In which form it is wanted: readers of one value in one form share it. */
  readonly form: string;
  /** Makes that form of the value, before the loop. */
  readonly make: (b: GraphBuilder, value: Value) => Value;
  /** Emits what takes the equation's place, given that form; the last equation has its result. */
  readonly read: (b: GraphBuilder, prepared: Value) => void;
}

/** The scan with what `preparationOf` asks for prepared; null if that is nothing.
 *  @param preparationOf gets each equation of the body, and all that no step changes */
export function prepareConstants(
  b: GraphBuilder,
  { attrs }: EquationOf<"scan">,
  inputs: readonly Value[],
  preparationOf: (equation: Equation, fixed: ReadonlySet<Value>) => Preparation | null,
): readonly Value[] | null {
  const { body, constants } = attrs;
  const given = inputs.slice(0, constants);
  const known = body.inputs.slice(0, constants);
  const fixed = computedFrom(body.equations, known);
  const forms = new Map<Value, Map<string, Value>>();
  const added: { readonly outside: Value; readonly inside: Value }[] = [];
  const prepared = ({ value, form, make }: Preparation): Value => {
    const ofValue = forms.get(value) ?? new Map<string, Value>();
    forms.set(value, ofValue);
    const there = ofValue.get(form);
    if (there) return there;
    const before: Graph = { inputs: known, equations: computing(body.equations, [value]), outputs: [value] };
    const outside = make(b, b.inline(before, given)[0]!);
    const inside: Value = { type: outside.type };
    added.push({ outside, inside });
    ofValue.set(form, inside);
    return inside;
  };
  const equations = body.equations.flatMap((equation): readonly Equation[] => {
    const preparation = preparationOf(equation, fixed);
    if (!preparation) return [equation];
    const reader = new GraphBuilder(equation.source);
    preparation.read(reader, prepared(preparation));
    const last = reader.equations.length - 1;
    return reader.equations.map((one, i) => (i === last ? { ...one, outputs: equation.outputs } : one));
  });
  if (added.length === 0) return null;
  const rest: Graph = {
    inputs: [...known, ...added.map(({ inside }) => inside), ...body.inputs.slice(constants)],
    equations: computing(equations, body.outputs),
    outputs: body.outputs,
  };
  const operands = [...given, ...added.map(({ outside }) => outside), ...inputs.slice(constants)];
  return b.emit("scan", operands, { ...attrs, constants: constants + added.length, body: rest });
}
