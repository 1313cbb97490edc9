// With ENGRAM_WIDE_VECTORS=1 what is tested is what the engine compiles with care: that is where it joins vectors. It would
// come to that only after code has run for a while, which small programs do not.

import { setFlagsFromString } from "node:v8";

if (process.env.ENGRAM_WIDE_VECTORS === "1") setFlagsFromString("--no-liftoff");
