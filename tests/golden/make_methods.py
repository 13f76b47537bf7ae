"""Writes methods.inc: three whole training steps and the losses of twenty, of the methods that s4l compares with,
computed by PyTorch in f64 from their definitions.

Network, pictures and weights are formulas that tests/methods/tiny_network.cpp has as well (wave). Mean
Teacher: Tarvainen and Valpola 2017; FixMatch: Sohn et al. 2020; FlexMatch: Zhang et al. 2021; FreeMatch: Wang et al.
2023.

Run: python make_methods.py > methods.inc
"""
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
CLASSES, LABELLED, UNLABELLED, SIDE = 3, 4, 6, 6
LABELS = torch.tensor([0, 1, 2, 1])


def wave(shape, offset, amplitude=1.0):
    i = torch.arange(math.prod(shape))
    return (amplitude * torch.sin(0.7 * i + offset) * torch.cos(0.011 * i + offset)).reshape(shape)


def single(x):
    """What the engine keeps in f32."""
    return x.float().double()


def pictures(count, offset):
    return single(wave((count, SIDE, SIDE, 3), offset)).permute(0, 3, 1, 2)


def initial_weights():
    return {"conv1.weight": single(wave((4, 3, 3, 3), 1, 0.5)), "norm1.weight": torch.ones(4), "norm1.bias": torch.zeros(4),
            "conv2.weight": single(wave((5, 3, 3, 4), 4, 0.5)), "norm2.weight": torch.ones(5), "norm2.bias": torch.zeros(5),
            "head.weight": single(wave((CLASSES, 5), 7, 0.5)), "head.bias": torch.zeros(CLASSES)}


class Training:
    """SGD with momentum 0.9, weight decay 0.01 on kernels, learning rate 0.1."""

    def __init__(self):
        self.weights = {k: v.clone().requires_grad_() for k, v in initial_weights().items()}
        self.velocity = {k: torch.zeros_like(v) for k, v in self.weights.items()}
        self.running = {"norm1.running_mean": torch.zeros(4), "norm1.running_var": torch.ones(4),
                        "norm2.running_mean": torch.zeros(5), "norm2.running_var": torch.ones(5)}

    def norm(self, name, x, weights, update):
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        if update:
            for key, value in (("mean", mean), ("var", x.var((0, 2, 3), unbiased=True))):
                old = self.running[f"{name}.running_{key}"]
                self.running[f"{name}.running_{key}"] = 0.99 * old + 0.01 * value.detach()
        y = (x - mean[:, None, None]) / torch.sqrt(var + 1e-3)[:, None, None]
        return F.relu(weights[f"{name}.weight"][:, None, None] * y + weights[f"{name}.bias"][:, None, None])

    def forward(self, x, weights=None, update=True):
        w = weights or self.weights
        h = self.norm("norm1", F.conv2d(x, w["conv1.weight"].permute(0, 3, 1, 2), padding=1), w, update)
        h = self.norm("norm2", F.conv2d(h, w["conv2.weight"].permute(0, 3, 1, 2), stride=2, padding=1), w, update)
        return h.mean((2, 3)) @ w["head.weight"].T + w["head.bias"]

    def step(self, loss):
        gradients = torch.autograd.grad(loss, list(self.weights.values()))
        with torch.no_grad():
            for (name, w), g in zip(self.weights.items(), gradients):
                decay = 0.01 if w.dim() > 1 else 0
                self.velocity[name] = 0.9 * self.velocity[name] + g + decay * w
                w -= 0.1 * self.velocity[name]


class MeanTeacher(Training):
    weight, ramp_up, early, late = 30, 4, 0.6, 0.8

    def __init__(self):
        super().__init__()
        self.teacher = {k: v.detach().clone() for k, v in self.weights.items()}
        self.updates = 0

    def loss(self, x, views, index):
        z = self.forward(torch.cat([views[0], x]))
        with torch.no_grad():
            taught = F.softmax(self.forward(views[1], self.teacher, update=False), 1)
        ramp = math.exp(-5 * (1 - min(self.updates / self.ramp_up, 1)) ** 2)
        consistency = ((F.softmax(z[:UNLABELLED], 1) - taught) ** 2).mean(1).mean()
        return F.cross_entropy(z[UNLABELLED:], LABELS) + self.weight * ramp * consistency

    def after(self):
        a = self.early if self.updates < self.ramp_up else self.late
        for name, w in self.weights.items():
            self.teacher[name] = a * self.teacher[name] + (1 - a) * w.detach()
        self.updates += 1

    def state(self):
        return {**{f"teacher.{k}": v for k, v in self.teacher.items()}, "updates": torch.tensor([float(self.updates)])}


class Matching(Training):
    """What FixMatch, FlexMatch and FreeMatch share: one pass over [weak ; strong ; labelled]."""

    weight = 1.5

    def logits(self, x, views):
        z = self.forward(torch.cat([views[0], views[1], x]))
        self.q = F.softmax(z[:UNLABELLED].detach(), 1)
        return z[UNLABELLED:2 * UNLABELLED], F.cross_entropy(z[2 * UNLABELLED:], LABELS)

    def matched(self, z_strong, mask):
        self.shares.append(mask.double().mean().item())
        return (mask * F.cross_entropy(z_strong, self.q.argmax(1), reduction="none")).sum() / UNLABELLED

    shares = []

    def after(self):
        pass

    def state(self):
        return {}


class FixMatch(Matching):
    tau = 0.46

    def loss(self, x, views, index):
        z_strong, classes = self.logits(x, views)
        return classes + self.weight * self.matched(z_strong, self.q.amax(1) >= self.tau)


class FlexMatch(Matching):
    tau = 0.46

    def __init__(self):
        super().__init__()
        self.seen = torch.full((20,), -1)

    def counts(self):
        return torch.tensor([(self.seen == c).sum() for c in range(CLASSES)])

    def loss(self, x, views, index):
        z_strong, classes = self.logits(x, views)
        self.index = index
        sigma = self.counts().double()
        beta = sigma / max(sigma.max(), 1)  # without the warm-up, which would let all rows pass here
        threshold = beta / (2 - beta) * self.tau
        return classes + self.weight * self.matched(z_strong, self.q.amax(1) >= threshold[self.q.argmax(1)])

    def after(self):
        sure = self.q.amax(1) > self.tau
        self.seen[self.index[sure]] = self.q.argmax(1)[sure]

    def state(self):
        return {"seen": self.seen, "counts": self.counts()}


class FreeMatch(Matching):
    decay, fairness_weight = 0.7, 0.3

    def __init__(self):
        super().__init__()
        self.tau = torch.full((1,), 1 / CLASSES)
        self.p = torch.full((CLASSES,), 1 / CLASSES)
        self.h = torch.full((CLASSES,), 1 / CLASSES)

    def loss(self, x, views, index):
        z_strong, classes = self.logits(x, views)
        follow = lambda old, new: self.decay * old + (1 - self.decay) * new
        self.tau = follow(self.tau, self.q.amax(1).mean())
        self.p = follow(self.p, self.q.mean(0))
        self.h = follow(self.h, torch.bincount(self.q.argmax(1), minlength=CLASSES) / UNLABELLED)
        mask = self.q.amax(1) >= (self.p / self.p.max() * self.tau)[self.q.argmax(1)]
        return classes + self.weight * self.matched(z_strong, mask) + self.fairness_weight * self.fairness(z_strong[mask])

    def fairness(self, z):
        if len(z) == 0:
            return 0
        inverse = lambda v: torch.where(v > 0, 1 / v, torch.zeros_like(v))
        sum_norm = lambda v: v / v.sum()
        p = F.softmax(z, 1)
        share = torch.bincount(p.argmax(1), minlength=CLASSES) / len(z)
        mean = sum_norm(p.mean(0) * inverse(share))
        return (sum_norm(self.p * inverse(self.h)) * torch.log(mean + 1e-12)).sum()

    def state(self):
        return {"confidence.global": self.tau, "confidence.probability": self.p, "confidence.histogram": self.h}


def put(name, values):
    print(f'{{"{name}", {{{", ".join(f"{v:.9g}" for v in values)}}}}},')


print("// Written by make_methods.py: {method/tensor, values}.")
for name, training in (("mean-teacher", MeanTeacher()), ("fixmatch", FixMatch()), ("flexmatch", FlexMatch()),
                       ("freematch", FreeMatch())):
    losses = []
    Matching.shares.clear()
    for t in range(20):
        views = [pictures(UNLABELLED, 20 + 10 * v + t) for v in range(2)]
        index = (UNLABELLED * t + torch.arange(UNLABELLED)) % 12
        loss = training.loss(pictures(LABELLED, 10 + t), views, index)
        losses.append(loss.item())
        training.step(loss)
        training.after()
        if t == 2:
            for key, value in {**training.weights, **training.running, **training.state()}.items():
                put(f"{name}/{key}", value.detach().flatten().tolist())
    put(f"{name}/losses", losses)
    assert name == "mean-teacher" or len(set(Matching.shares)) > 2, "choose a threshold that some rows reach"
