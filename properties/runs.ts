// How hard properties try. `ENGRAM_RUNS=20 npx vitest run properties --testTimeout 0` tries twenty times as many examples.

const factor = Number(process.env.ENGRAM_RUNS ?? 1);

/** Parameters of `fc.assert` for a property that usually takes `usual` examples. */
export const runs = (usual: number): { readonly numRuns: number } => ({
  numRuns: Math.max(1, Math.round(usual * factor)),
});
