"""The DNC of Graves et al. (2016) in JAX: `lax.scan` inside `jit`, as one would write it there. See serve.py for its use.

Words of a form: `sort` (allocation by a sorted free list, as in the paper) or `compare` (by comparing all pairs, with no
sort); `remat` (the step under `jax.checkpoint`: less is kept for the gradient, more is computed again)."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from serve import norm, random_values, request, say, serve, values

EPSILON = 1e-6
NOT_LEARNT = ("inputs", "targets")


def cosine_softmax(memory, keys, strengths):
    """memory [B, N, W], keys [B, K, W], strengths [B, K] -> weightings [B, K, N]"""
    length = lambda x: jnp.sqrt(jnp.sum(x * x, -1) + EPSILON)
    similarity = jnp.einsum("bkw,bnw->bkn", keys, memory) / (
        length(keys)[:, :, None] * length(memory)[:, None, :] + EPSILON
    )
    return jax.nn.softmax(similarity * strengths[..., None], -1)


def allocation_by_comparison(usage):
    """(1 - u) times the product of all usages before it in the free list; equal ones stand in their order."""
    u = EPSILON + (1 - EPSILON) * usage
    v = lax.stop_gradient(u)
    N = u.shape[-1]
    lower = jnp.tril(jnp.ones((N, N), bool), -1)
    before = (v[:, None, :] < v[:, :, None]) | ((v[:, None, :] == v[:, :, None]) & lower)
    return (1 - u) * jnp.exp(jnp.einsum("bij,bj->bi", before.astype(u.dtype), jnp.log(u)))


def allocation_by_sort(usage):
    u = EPSILON + (1 - EPSILON) * usage
    free_list = jnp.argsort(lax.stop_gradient(u), -1)
    ordered = jnp.take_along_axis(u, free_list, -1)
    product = jnp.concatenate([jnp.ones_like(ordered[:, :1]), jnp.cumprod(ordered, -1)[:, :-1]], -1)
    return jnp.take_along_axis((1 - ordered) * product, jnp.argsort(free_list, -1), -1)


def lstm(p, s, x):
    """The controller's output, and what changes of the state."""
    seen = jnp.concatenate([x, s["reads"].reshape(x.shape[0], -1), s["h"]], -1)
    i, f, candidate, o = jnp.split(seen @ p["lstm_weights"] + p["lstm_bias"], 4, -1)
    c = jax.nn.sigmoid(f) * s["c"] + jax.nn.sigmoid(i) * jnp.tanh(candidate)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return h, dict(h=h, c=c)


def make_step(sizes, allocation, controller=lstm):
    H, N, W, R = (sizes[name] for name in ("hidden", "locations", "wordSize", "readHeads"))
    cuts, end = [], 0
    for width in (R * W, R, W, 1, W, W, R, 1, 1):
        cuts.append(end := end + width)
    linked = 1 - jnp.eye(N)

    def step(p, s, x):
        B = x.shape[0]
        h, own = controller(p, s, x)
        xi = jnp.split(h @ p["interface_weights"] + p["interface_bias"], cuts, -1)
        read_keys, read_strengths, write_key, write_strength, erase, write, free, allocate, gate, modes = xi
        oneplus = lambda raw: 1 + jax.nn.softplus(raw)
        erase, free, allocate, gate = (jax.nn.sigmoid(raw) for raw in (erase, free, allocate, gate))
        modes = jax.nn.softmax(modes.reshape(B, R, 3), -1)

        retention = jnp.prod(1 - free[..., None] * s["read"], 1)
        usage = (s["usage"] + s["write"] - s["usage"] * s["write"]) * retention
        by_content = cosine_softmax(s["memory"], write_key[:, None], oneplus(write_strength))[:, 0]
        w = gate * (allocate * allocation(usage) + (1 - allocate) * by_content)
        memory = s["memory"] * (1 - w[..., None] * erase[:, None]) + w[..., None] * write[:, None]

        links = (1 - w[:, :, None] - w[:, None, :]) * s["links"] + w[:, :, None] * s["precedence"][:, None, :]
        links = links * linked
        precedence = (1 - w.sum(-1, keepdims=True)) * s["precedence"] + w
        forward = jnp.einsum("bij,brj->bri", links, s["read"])
        backward = jnp.einsum("bji,brj->bri", links, s["read"])
        by_content = cosine_softmax(memory, read_keys.reshape(B, R, W), oneplus(read_strengths))
        read = modes[..., 0:1] * backward + modes[..., 1:2] * by_content + modes[..., 2:3] * forward
        reads = jnp.einsum("brn,bnw->brw", read, memory)

        y = jnp.concatenate([h, reads.reshape(B, R * W)], -1) @ p["output_weights"] + p["output_bias"]
        state = dict(reads=reads, memory=memory, usage=usage, write=w, read=read, links=links, precedence=precedence)
        return {**s, **own, **state}, y

    return step


def initial_state(sizes):
    H, N, W, R, B = (sizes[name] for name in ("hidden", "locations", "wordSize", "readHeads", "batch"))
    shapes = dict(h=(H,), c=(H,), reads=(R, W), memory=(N, W), usage=(N,), write=(N,), read=(R, N), links=(N, N), precedence=(N,))
    return {name: jnp.zeros((B, *shape)) for name, shape in shapes.items()}


def make(sizes, form):
    """The loss, the compiled training step and the compiled forward pass."""
    words = form.split()
    step = make_step(sizes, allocation_by_sort if "sort" in words else allocation_by_comparison)
    if "remat" in words:
        step = jax.checkpoint(step)

    def outputs(p, xs):
        return lax.scan(lambda s, x: step(p, s, x), initial_state(sizes), xs)[1]

    def loss(p, xs, ts):
        ys = outputs(p, xs)
        return jnp.mean(jax.nn.softplus(ys) - ys * ts)

    def train(p, squares, xs, ts):
        value, gradient = jax.value_and_grad(loss)(p, xs, ts)
        length = jnp.sqrt(sum(jnp.sum(g * g) for g in gradient.values()))
        gradient = {k: g * jnp.minimum(1.0, 50 / length) for k, g in gradient.items()}
        squares = {k: 0.9 * squares[k] + 0.1 * g**2 for k, g in gradient.items()}
        return {k: p[k] - 1e-4 * g / jnp.sqrt(squares[k] + 1e-10) for k, g in gradient.items()}, squares, value

    return loss, jax.jit(train), jax.jit(outputs)


def main():
    asked = request()
    sizes, mode = asked["sizes"], asked["mode"]
    loss, train, forward = make(sizes, asked["form"])
    arrays = {k: jnp.asarray(v) for k, v in (values(asked["values"]) if mode == "check" else random_values(sizes)).items()}
    xs, ts = arrays["inputs"], arrays["targets"]
    p = {k: v for k, v in arrays.items() if k not in NOT_LEARNT}
    if mode == "check":
        value, gradient = jax.jit(jax.value_and_grad(loss))(p, xs, ts)
        say(loss=float(value), gradientNorm=norm(np.asarray(g) for g in gradient.values()))
        return
    squares = {k: jnp.zeros_like(v) for k, v in p.items()}
    work = (lambda: train(p, squares, xs, ts)) if mode == "train" else (lambda: forward(p, xs))
    serve(f"jax {jax.__version__}", lambda: jax.block_until_ready(work()))


if __name__ == "__main__":
    main()
