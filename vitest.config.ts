import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["engram-source"] },
  ssr: { resolve: { conditions: ["engram-source"] } },
  test: {
    include: ["spec/**/*.spec.ts", "properties/**/*.property.ts"],
    setupFiles: ["properties/seed.ts", "properties/wideVectors.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000, // a browser that starts beside other tests
    pool: "forks",
    silent: "passed-only",
  },
});
