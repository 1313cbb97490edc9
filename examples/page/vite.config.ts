import { defineConfig } from "vite";

// The two headers make the page cross-origin isolated, which threads over shared memory need.
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions: ["engram-source", "module", "browser", "development|production"] },
  server: { headers, fs: { allow: ["../.."] } },
  preview: { headers },
  // What only Node's part of the library loads.
  optimizeDeps: {
    exclude: [
      "engram",
      "webgpu",
      "vega",
      "cli-progress",
      "write-file-atomic",
      "@resvg/resvg-js",
      "@expo-google-fonts/source-sans-3",
    ],
    include: ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu", "@tensorflow/tfjs-backend-webgpu", "immer"],
  },
});
