"""How long JAX takes to solve what `npm start` solves: copying 1 to 20 words of 8 bits, with the same DNC, optimiser, batches,
curriculum and test (src/tasks/copyExperiment.ts), its own dice. One line of JSON: seconds from the first call on, compiling
included, and the batches it took.

    python bench/peers/solve_copy_jax.py [seed [form]]

Words of the form are those of dnc_jax.py (`compare` unless said), and `padded`: all batches are as long as the longest, so that there
is but one program to compile."""

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from dnc_jax import allocation_by_comparison, allocation_by_sort, initial_state, make_step

BITS, LONGEST, BATCH, RATE, CLIP = 8, 20, 16, 4e-3, 10.0
SIZES = dict(inputSize=BITS + 2, outputSize=BITS, hidden=64, locations=32, wordSize=16, readHeads=1, batch=BATCH)


def feedforward(p, s, x):
    """tanh of one layer; no state of its own."""
    seen = jnp.concatenate([x, s["reads"].reshape(x.shape[0], -1)], -1)
    return jnp.tanh(seen @ p["controller_weights"] + p["controller_bias"]), {}


def draw(dice, longest, batch=BATCH, room=None):
    """Inputs [T, B, bits + 2], targets [T, B, bits], mask [T, B]; T = 2 longest + 2, or for as many words as there is room."""
    T = 2 * (room or longest) + 2
    xs, ts, mask = np.zeros((T, batch, BITS + 2), "f"), np.zeros((T, batch, BITS), "f"), np.zeros((T, batch), "f")
    for row in range(batch):
        n = dice.integers(1, longest + 1)
        words = dice.integers(0, 2, (n, BITS))
        xs[0, row, BITS] = xs[n + 1, row, BITS + 1] = 1
        xs[1 : n + 1, row, :BITS] = ts[n + 2 : 2 * n + 2, row] = words
        mask[n + 2 : 2 * n + 2, row] = 1
    return xs, ts, mask


def initial_parameters(key):
    H, N, W, R = (SIZES[name] for name in ("hidden", "locations", "wordSize", "readHeads"))
    shapes = dict(
        controller=(SIZES["inputSize"] + R * W, H), interface=(H, R * W + 3 * W + 5 * R + 3), output=(H + R * W, BITS)
    )
    p = {}
    for (name, (rows, columns)), k in zip(shapes.items(), jax.random.split(key, 3)):
        p[f"{name}_weights"] = jax.random.truncated_normal(k, -2, 2, (rows, columns)) / np.sqrt(rows)
        p[f"{name}_bias"] = jnp.zeros(columns)
    return p


def make(form):
    allocation = allocation_by_sort if "sort" in form else allocation_by_comparison
    step = make_step(SIZES, allocation, feedforward)
    if "remat" in form:
        step = jax.checkpoint(step)

    def outputs(p, xs):
        return lax.scan(lambda s, x: step(p, s, x), initial_state({**SIZES, "batch": xs.shape[1]}), xs)[1]

    def wrong(ys, ts, mask):
        return jnp.sum(((ys > 0) != (ts > 0.5)) * mask[..., None])

    def judged(p, xs, ts, mask):
        ys = outputs(p, xs)
        loss = jnp.sum((jax.nn.softplus(ys) - ys * ts) * mask[..., None]) / jnp.sum(mask)
        return loss, wrong(ys, ts, mask) / (jnp.sum(mask) * BITS)

    @jax.jit
    def train(p, m, v, t, xs, ts, mask):
        (_, error), g = jax.value_and_grad(judged, has_aux=True)(p, xs, ts, mask)
        length = jnp.sqrt(sum(jnp.sum(x * x) for x in g.values()))
        g = {k: x * jnp.minimum(1.0, CLIP / length) for k, x in g.items()}
        m = {k: 0.9 * m[k] + 0.1 * x for k, x in g.items()}
        v = {k: 0.999 * v[k] + 0.001 * x * x for k, x in g.items()}
        scale = RATE / (1 - 0.9**t)
        p = {k: p[k] - scale * m[k] / (jnp.sqrt(v[k] / (1 - 0.999**t)) + 1e-8) for k in p}
        return p, m, v, error

    return train, jax.jit(lambda p, xs, ts, mask: wrong(outputs(p, xs), ts, mask))


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    form = sys.argv[2].split() if len(sys.argv) > 2 else ["compare"]
    train, wrong_bits = make(form)
    room = LONGEST if "padded" in form else None
    dice, exam = np.random.default_rng(seed), np.random.default_rng(seed + 1000)
    p = initial_parameters(jax.random.key(seed))
    m, v = ({k: jnp.zeros_like(x) for k, x in p.items()} for _ in range(2))
    begin, longest, recent = time.perf_counter(), 2, []
    for t in range(1, 10_001):
        p, m, v, error = train(p, m, v, jnp.float32(t), *draw(dice, longest, room=room))
        recent = [*recent, float(error)][-100:]
        if longest < LONGEST:
            if len(recent) >= 50 and np.mean(recent[-50:]) < 0.02:
                longest, recent = min(2 * longest, LONGEST), []
        elif t % 100 == 0 and len(recent) == 100 and np.mean(recent) < 1e-3:
            tests = [draw(exam, LONGEST, 100) for _ in range(10)]
            error = sum(float(wrong_bits(p, *test)) for test in tests) / sum(BITS * test[2].sum() for test in tests)
            if error < 5e-4:
                break
    print(json.dumps(dict(jax=jax.__version__, seed=seed, seconds=time.perf_counter() - begin, batches=t, solved=t < 10_000, form=form)))


main()
