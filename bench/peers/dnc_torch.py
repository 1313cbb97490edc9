"""The DNC of Graves et al. (2016) in PyTorch, batched and fused by hand as far as PyTorch allows. See serve.py for its use.

Words of a form: `compile` (`torch.compile` of the step; the loop over time stays in Python) or `eager`; `compare`
(allocation by comparing all pairs) or `sort` (by a sorted free list, as in the paper)."""

import torch
import torch.nn.functional as F

from serve import norm, random_values, request, say, serve, values

EPSILON = 1e-6
LEARNT = ("lstm_weights", "lstm_bias", "interface_weights", "interface_bias", "output_weights", "output_bias")


def allocation_by_sort(usage, lower):
    u = EPSILON + (1 - EPSILON) * usage
    free_list = torch.argsort(u.detach(), dim=-1, stable=True)
    ordered = u.gather(-1, free_list)
    product = F.pad(torch.cumprod(ordered, -1)[:, :-1], (1, 0), value=1.0)
    return torch.zeros_like(u).scatter(-1, free_list, (1 - ordered) * product)


def allocation_by_comparison(usage, lower):
    """(1 - u) times the product of all usages before it in the free list; equal ones stand in their order."""
    u = EPSILON + (1 - EPSILON) * usage
    v = u.detach()
    before = torch.where(lower, v[:, None, :] <= v[:, :, None], v[:, None, :] < v[:, :, None]).to(u.dtype)
    return (1 - u) * torch.exp(torch.bmm(before, u.log().unsqueeze(-1)).squeeze(-1))


def length(x):
    return torch.sqrt((x * x).sum(-1) + EPSILON)


def cosine_softmax(memory, memory_length, keys, strengths):
    """memory [B, N, W], its rows' lengths [B, N], keys [B, K, W], strengths [B, K] -> weightings [B, K, N]"""
    similarity = torch.bmm(keys, memory.transpose(1, 2)) / (length(keys).unsqueeze(2) * memory_length.unsqueeze(1) + EPSILON)
    return torch.softmax(similarity * strengths.unsqueeze(-1), -1)


def make_step(sizes, allocation):
    N, W, R, B = (sizes[name] for name in ("locations", "wordSize", "readHeads", "batch"))
    linked = 1 - torch.eye(N)
    lower = torch.ones(N, N, dtype=torch.bool).tril(-1)
    widths = [R * W, R, W, 1, W, W, R, 1, 1, 3 * R]

    def step(p, s, x):
        h, c, reads, memory, memory_length, usage, write_weights, read, links, precedence = s
        lstm_weights, lstm_bias, interface_weights, interface_bias, output_weights, output_bias = p
        seen = torch.cat((x, reads.reshape(B, R * W), h), -1)
        i, f, candidate, o = torch.addmm(lstm_bias, seen, lstm_weights).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(candidate)
        h = torch.sigmoid(o) * torch.tanh(c)

        xi = torch.addmm(interface_bias, h, interface_weights).split(widths, -1)
        read_keys, read_strengths, write_key, write_strength, erase, write, free, allocate, gate, modes = xi
        erase, free, allocate, gate = (torch.sigmoid(raw) for raw in (erase, free, allocate, gate))
        modes = torch.softmax(modes.reshape(B, R, 3), -1)

        retention = torch.prod(1 - free.unsqueeze(-1) * read, 1)
        usage = (usage + write_weights - usage * write_weights) * retention
        by_content = cosine_softmax(memory, memory_length, write_key.unsqueeze(1), 1 + F.softplus(write_strength)).squeeze(1)
        w = gate * torch.lerp(by_content, allocation(usage, lower), allocate)
        of_i, of_j = w.unsqueeze(2), w.unsqueeze(1)
        memory = memory - of_i * (memory * erase.unsqueeze(1) - write.unsqueeze(1))
        memory_length = length(memory)

        links = ((1 - of_i - of_j) * links + of_i * precedence.unsqueeze(1)) * linked
        precedence = (1 - w.sum(-1, keepdim=True)) * precedence + w
        backward, forward = torch.bmm(read, links), torch.bmm(read, links.transpose(1, 2))
        by_content = cosine_softmax(memory, memory_length, read_keys.reshape(B, R, W), 1 + F.softplus(read_strengths))
        read = modes[..., 0:1] * backward + modes[..., 1:2] * by_content + modes[..., 2:3] * forward
        reads = torch.bmm(read, memory)

        y = torch.addmm(output_bias, torch.cat((h, reads.reshape(B, R * W)), -1), output_weights)
        return (h, c, reads, memory, memory_length, usage, w, read, links, precedence), y

    return step


def initial_state(sizes):
    H, N, W, R, B = (sizes[name] for name in ("hidden", "locations", "wordSize", "readHeads", "batch"))
    z = lambda *shape: torch.zeros(B, *shape)
    memory = z(N, W)
    return (z(H), z(H), z(R, W), memory, length(memory), z(N), z(N), z(R, N), z(N, N), z(N))


def main():
    asked = request()
    sizes, mode, words = asked["sizes"], asked["mode"], asked["form"].split()
    torch.set_num_threads(asked["threads"])
    arrays = values(asked["values"]) if mode == "check" else random_values(sizes)
    p = [torch.nn.Parameter(torch.tensor(arrays[name])) for name in LEARNT]
    xs, ts = torch.tensor(arrays["inputs"]), torch.tensor(arrays["targets"])
    step = make_step(sizes, allocation_by_sort if "sort" in words else allocation_by_comparison)
    if "compile" in words:
        step = torch.compile(step, dynamic=False, fullgraph=True)

    def outputs():
        state, ys = initial_state(sizes), []
        for x in xs:
            state, y = step(p, state, x)
            ys.append(y)
        return torch.stack(ys)

    if mode == "check":
        loss = F.binary_cross_entropy_with_logits(outputs(), ts)
        loss.backward()
        say(loss=loss.item(), gradientNorm=norm(q.grad.numpy() for q in p))
        return

    optimiser = torch.optim.RMSprop(p, lr=1e-4, alpha=0.9, eps=1e-5)

    def train():
        optimiser.zero_grad(set_to_none=True)
        F.binary_cross_entropy_with_logits(outputs(), ts).backward()
        torch.nn.utils.clip_grad_norm_(p, 50)
        optimiser.step()

    def forward():
        with torch.no_grad():
            outputs()

    serve(f"torch {torch.__version__}", train if mode == "train" else forward)


main()
