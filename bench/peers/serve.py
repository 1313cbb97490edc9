"""What both peers have in common: they are asked for on the command line, and run when told to.

    python dnc_jax.py REQUEST

REQUEST is JSON: `sizes` (a configuration of bench/configurations.ts), `mode` (train, forward or check), `form` (words that
each peer explains), `threads`, and for `check` the path of a safetensors file, `values`, with parameters, inputs and targets.

`check` prints `{"loss": …, "gradientNorm": …}` and ends. The other modes compile, run once and print a line
`{"version": …, "compileMs": …}`; then each line that comes in, a number of seconds, is answered by a line
`{"ms": [one a run, three at least], "peakMb": …}`, until there are no more."""

import json
import resource
import struct
import sys
import time

import numpy as np

FEWEST, MOST = 3, 200


def request():
    return json.loads(sys.argv[1])


def say(**answer):
    print(json.dumps(answer), flush=True)


def values(path):
    """The arrays of a safetensors file, float32 all of them."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in header.items()
    }


def norm(gradients):
    return sum(np.sum(np.square(g, dtype=np.float64)) for g in gradients) ** 0.5


def random_values(sizes):
    """Parameters as the DNC begins with, inputs and targets of zeros and ones. Shapes are the file's that `check` reads."""
    rng = np.random.default_rng(0)
    X, Y, H, N, W, R, B, T = (
        sizes[name]
        for name in ("inputSize", "outputSize", "hidden", "locations", "wordSize", "readHeads", "batch", "steps")
    )
    weights = lambda rows, columns: np.clip(rng.normal(size=(rows, columns)), -2, 2) / rows**0.5
    arrays = dict(
        lstm_weights=weights(X + R * W + H, 4 * H),
        lstm_bias=np.repeat([0, 1, 0, 0], H),  # forget gates begin open
        interface_weights=weights(H, R * W + 3 * W + 5 * R + 3),
        interface_bias=np.zeros(R * W + 3 * W + 5 * R + 3),
        output_weights=weights(H + R * W, Y),
        output_bias=np.zeros(Y),
        inputs=rng.integers(0, 2, (T, B, X)),
        targets=rng.integers(0, 2, (T, B, Y)),
    )
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def serve(version, run):
    """`run()` does the work once and returns when it is done."""
    begin = time.perf_counter()
    run()
    say(version=version, compileMs=1e3 * (time.perf_counter() - begin))
    for line in sys.stdin:
        times, end = [], time.perf_counter() + float(line)
        while len(times) < FEWEST or (time.perf_counter() < end and len(times) < MOST):
            begin = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - begin))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on a Mac, KiB elsewhere
        say(ms=times, peakMb=peak / (2**20 if sys.platform == "darwin" else 2**10))
