"""Writes methods.inc: 20 training steps of each method on a small network, computed by PyTorch in f64.

Every method is stated here from its paper's equations, apart from the engine: losses of 20 steps, and every weight, running
statistic and state of the method after the third. Weights and pictures start from formulas that
tests/methods/small_network.cpp repeats; layouts are the engine's: pictures (N, H, W, C), kernels (O, kh, kw, C).
S4L: Zhai et al. 2019; Mean Teacher: Tarvainen and Valpola 2017; FixMatch: Sohn et al. 2020; FlexMatch: Zhang et al. 2021;
FreeMatch: Wang et al. 2023.

Run: python make_methods.py > methods.inc
"""
import functools
import math

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
REPLICAS, PICTURES, CLASSES, CHANNELS, EMBEDDING = 2, 4, 3, 4, 5
LR, MOMENTUM, DECAY, BN_MOMENTUM, BN_EPSILON = 0.1, 0.9, 0.01, 0.99, 1e-3
EPS, EPS_BOUNDED, XI, W_VAT, W_ENT = 1.5, 1.2, 1e-2, 0.5, 0.25
rows_of_file = []


def put(case, name, value):
    shape = ", ".join(str(s) for s in value.shape)
    numbers = ", ".join(f"{v:.10g}" for v in value.detach().flatten().tolist())
    rows_of_file.append(f'{{"{case}", "{name}", {{{shape}}}, {{{numbers}}}}},')


def pictures(salt, rotations):
    values = [((i * 37 + salt * 11) % 256) / 127.5 - 1 for i in range(PICTURES * 48)]
    x = torch.tensor(values).reshape(PICTURES, 4, 4, 3)
    if rotations == 1:
        return x
    # view 1 is 90 degrees counter-clockwise: I[j, n - 1 - i]
    turned = torch.stack([torch.rot90(x, k, (1, 2)) for k in range(4)], dim=1)
    return turned.reshape(4 * PICTURES, 4, 4, 3)


class Network:
    def __init__(self, extra_head, groups, biased):
        shapes = [("conv.weight", (CHANNELS, 3, 3, 3)), ("norm.weight", (CHANNELS,)), ("norm.bias", (CHANNELS,)),
                  ("head.weight", (CLASSES, CHANNELS)), ("head.bias", (CLASSES,))]
        if extra_head:
            shapes += [(f"{extra_head[0]}.weight", (extra_head[1], CHANNELS)), (f"{extra_head[0]}.bias", (extra_head[1],))]
        self.p = {}
        for k, (name, shape) in enumerate(shapes):
            values = [(name == "norm.weight") + math.sin(0.7 * i + k) / 2 for i in range(math.prod(shape))]
            self.p[name] = torch.tensor(values).reshape(shape).requires_grad_()
        self.velocity = {name: torch.zeros_like(w) for name, w in self.p.items()}
        self.running = {"norm.running_mean": torch.zeros(CHANNELS), "norm.running_var": torch.ones(CHANNELS)}
        self.groups, self.biased, self.extra = groups, biased, extra_head and extra_head[0]

    def features(self, x, update, weights=None):
        w = weights or self.p
        h = F.conv2d(x.permute(0, 3, 1, 2), w["conv.weight"].permute(0, 3, 1, 2), padding=1).permute(0, 2, 3, 1)
        out, means, variances = [], [], []
        for group in h.chunk(self.groups):
            mean = group.mean((0, 1, 2))
            var = ((group - mean) ** 2).mean((0, 1, 2))
            out.append((group - mean) / torch.sqrt(var + BN_EPSILON))
            n = group.numel() // CHANNELS
            means.append(mean.detach())
            variances.append(var.detach() * (1 if self.biased else n / (n - 1)))
        if update:
            for name, new in (("norm.running_mean", means), ("norm.running_var", variances)):
                self.running[name] += (1 - BN_MOMENTUM) * (sum(new) / self.groups - self.running[name])
        return F.relu(torch.cat(out) * w["norm.weight"] + w["norm.bias"]).mean((1, 2))

    def classes(self, f, weights=None):
        w = weights or self.p
        return f @ w["head.weight"].T + w["head.bias"]

    def second(self, f):
        return f @ self.p[f"{self.extra}.weight"].T + self.p[f"{self.extra}.bias"]

    def update(self, loss):
        grads = torch.autograd.grad(loss, list(self.p.values()), materialize_grads=True)
        with torch.no_grad():
            for (name, w), g in zip(self.p.items(), grads):
                decayed = name.endswith(".weight") and name != "norm.weight"
                self.velocity[name] = MOMENTUM * self.velocity[name] + g + (DECAY * w if decayed else 0)
                w -= LR * self.velocity[name]


def joined(*streams):
    """Chunk r of each stream, for each virtual replica in turn."""
    return torch.cat([part for parts in zip(*(s.chunk(REPLICAS) for s in streams)) for part in parts])


def as_streams(y, streams):
    """Of what was made of joined rows, the rows of each of so many equally long streams."""
    chunks = [c.chunk(streams) for c in y.chunk(REPLICAS)]
    return [torch.cat(parts) for parts in zip(*chunks)]


def entropy(z):
    return -(F.softmax(z, 1) * F.log_softmax(z, 1)).sum(1).mean()


def kl(z, clean, clean_first=False):
    """Mean KL(softmax z || softmax clean), or with the clean answers, which are fixed, first."""
    ours, theirs = F.log_softmax(z, 1), F.log_softmax(clean.detach(), 1)
    first, second = (theirs, ours) if clean_first else (ours, theirs)
    return (first.exp() * (first - second)).sum(1).mean()


def philox(c, key):
    c, key = list(c), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ key[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


@functools.cache
def normal_row(row, size, words):
    f = np.float32
    values = []
    for block in range((size + 3) // 4):
        w = philox([words[2] + block, words[3], words[4], words[5] + row + 1], words[:2])
        for a, b in ((w[0], w[1]), (w[2], w[3])):
            radius = np.sqrt(f(-2) * np.log(f((a >> 8) + 1) * f(2**-24)))
            angle = f(6.2831853071795864769) * (f(b >> 8) * f(2**-24))
            values += [float(radius * np.cos(angle)), float(radius * np.sin(angle))]
    return values[:size]


def normals(n_rows, size, words):
    return torch.tensor([normal_row(row, size, tuple(words)) for row in range(n_rows)])


def norms(v):
    return (v.flatten(1) ** 2).sum(1).reshape(-1, 1, 1, 1)


def half_nearest(x):
    """Of each picture, half the distance to the nearest other one of its virtual replica."""
    def within(part):
        distances = torch.cdist(part.flatten(1)[None], part.flatten(1)[None])[0]
        return (distances + torch.diag(torch.full((len(part),), math.inf))).amin(1).reshape(-1, 1, 1, 1) / 2
    return torch.cat([within(part) for part in x.chunk(REPLICAS)])


def vat(net, x, clean, same_batch, words, literal=False, iterations=1, clean_first=False, bounded=False, eps=EPS):
    """L_vat; `same_batch`: the clean pass saw exactly these rows."""
    xi = 1e-6 if literal else XI
    reference = clean if literal or same_batch else net.classes(net.features(x, False)).detach()
    unit = lambda v: v / (norms(v).clamp_min(1e-12) if literal else norms(v)).sqrt()
    d = normals(len(x), x[0].numel(), words).reshape(x.shape)
    for _ in range(iterations):
        r = (xi * unit(d)).requires_grad_()
        # the mean over one replica's rows is REPLICAS times that over all
        a = kl(net.classes(net.features(x + r, False)), reference, clean_first) * (REPLICAS if literal else 1)
        d = torch.autograd.grad(a, r)[0]
    radius = half_nearest(x).clamp_max(eps) if bounded else eps
    assert not bounded or len(set((radius < eps).flatten().tolist())) == 2, "choose an eps that holds for some rows"
    return kl(net.classes(net.features(x + radius * unit(d), False)), clean, clean_first)


def triplet(e, pool, together):
    """Rows are compared in pools, and so many neighbouring rows are of one identity."""
    losses = []
    for first in range(0, len(e), pool):
        part = e[first:first + pool]
        distance = ((part[:, None] - part[None]) ** 2).sum(2).clamp_min(1e-12).sqrt()
        picture = torch.arange(pool) // together
        same = picture[:, None] == picture[None]
        positive = distance.masked_fill(~same | torch.eye(pool, dtype=bool), -math.inf).max(1).values
        negative = distance.masked_fill(same, math.inf).min(1).values
        losses.append(F.softplus(positive - negative))
    return torch.cat(losses).mean()


def supervised(net, u, x, y, words):
    return F.cross_entropy(net.classes(net.features(x, True)), y)


def rotation(on_unlabelled, on_labelled):
    def loss(net, u, x, y, words):
        turns = torch.arange(4).repeat(PICTURES)
        if on_unlabelled:
            f_u, f_x = as_streams(net.features(joined(u, x), True), 2)
        else:
            f_x = net.features(x, True)
        terms = [F.cross_entropy(net.second(f_u), turns)] if on_unlabelled else []
        terms += [F.cross_entropy(net.second(f_x), turns)] if on_labelled else []
        return F.cross_entropy(net.classes(f_x), y.repeat_interleave(4)) + 0.7 * sum(terms) / len(terms)
    return loss


def exemplar(on_labelled, released=False):
    def loss(net, u, x, y, words):
        f_u, f_x = as_streams(net.features(joined(u, x), True), 2)
        pool = len(u) // REPLICAS
        together = PICTURES // REPLICAS if released else 4  # the released program exchanges pictures and views
        streams = [f_u, f_x] if on_labelled else [f_u]
        terms = [triplet(F.normalize(net.second(f), dim=1), pool, together) for f in streams]
        return F.cross_entropy(net.classes(f_x), y.repeat_interleave(4)) + 0.8 * sum(terms) / len(terms)
    return loss


def rotation_pretrain(net, u, x, y, words):
    return F.cross_entropy(net.second(net.features(u, True)), torch.arange(4).repeat(PICTURES))


def exemplar_pretrain(net, u, x, y, words):
    return triplet(F.normalize(net.second(net.features(u, True)), dim=1), len(u) // REPLICAS, 4)


def vat_method(entmin=False, labelled=True, **how):
    def loss(net, u, x, y, words):
        both = joined(u, x)
        z = net.classes(net.features(both, True))
        z_u, z_x = as_streams(z, 2)
        rows, answers = (both, z) if labelled else (u, z_u)
        divergence = vat(net, rows, answers, labelled, words, **how)
        return F.cross_entropy(z_x, y) + W_VAT * divergence + (W_ENT * entropy(answers) if entmin else 0)
    return loss


def moam(**how):
    def loss(net, u, x, y, words):
        f = net.features(joined(u, x), True)
        (f_u, f_x), turns = as_streams(f, 2), torch.arange(4).repeat(PICTURES)
        rotations = (F.cross_entropy(net.second(f_u), turns) + F.cross_entropy(net.second(f_x), turns)) / 2
        z_u = net.classes(f_u)
        classes = F.cross_entropy(net.classes(f_x), y.repeat_interleave(4))
        divergence = vat(net, u, z_u, False, words, **how)
        return 0.4 * rotations + 0.3 * classes + 0.3 * divergence + 0.3 * entropy(z_u)
    return loss


def moam_labels(net, u, x, y, words):
    """Step 3: the class loss of the labelled pictures in four rotations."""
    return F.cross_entropy(net.classes(net.features(x, True)), y.repeat_interleave(4))


class Peer:
    """A method with a state of its own, which follows each update."""

    def __init__(self, net):
        self.net = net

    def after(self):
        pass

    def state(self):
        return {}


class MeanTeacher(Peer):
    weight, ramp_up, early, late = 30, 4, 0.6, 0.8

    def __init__(self, net):
        super().__init__(net)
        self.teacher = {k: v.detach().clone() for k, v in net.p.items()}
        self.updates = 0

    def loss(self, u, x, y, index):
        z_u, z_x = as_streams(self.net.classes(self.net.features(joined(u[0], x), True)), 2)
        with torch.no_grad():
            taught = F.softmax(self.net.classes(self.net.features(u[1], False, self.teacher), self.teacher), 1)
        ramp = math.exp(-5 * (1 - min(self.updates / self.ramp_up, 1)) ** 2)
        consistency = ((F.softmax(z_u, 1) - taught) ** 2).mean(1).mean()
        return F.cross_entropy(z_x, y) + self.weight * ramp * consistency

    def after(self):
        a = self.early if self.updates < self.ramp_up else self.late
        for name, w in self.net.p.items():
            self.teacher[name] = a * self.teacher[name] + (1 - a) * w.detach()
        self.updates += 1

    def state(self):
        return {**{f"teacher.{k}": v for k, v in self.teacher.items()}, "updates": torch.tensor([float(self.updates)])}


class Matching(Peer):
    """What FixMatch, FlexMatch and FreeMatch share: one pass over [weak ; strong ; labelled]."""

    weight = 1.5
    shares = []

    def logits(self, u, x, y):
        weak, strong, labelled = as_streams(self.net.classes(self.net.features(joined(*u, x), True)), 3)
        self.q = F.softmax(weak.detach(), 1)
        return strong, F.cross_entropy(labelled, y)

    def matched(self, z_strong, mask):
        self.shares.append(mask.double().mean().item())
        return (mask * F.cross_entropy(z_strong, self.q.argmax(1), reduction="none")).sum() / PICTURES


class FixMatch(Matching):
    tau = 0.4

    def loss(self, u, x, y, index):
        z_strong, classes = self.logits(u, x, y)
        return classes + self.weight * self.matched(z_strong, self.q.amax(1) >= self.tau)


class FlexMatch(Matching):
    tau, unlabelled = 0.45, None  # how many unlabelled pictures there are; None: without the warm-up

    def __init__(self, net):
        super().__init__(net)
        self.seen = torch.full((100,), -1)

    def counts(self):
        return torch.tensor([(self.seen == c).sum() for c in range(CLASSES)])

    def loss(self, u, x, y, index):
        z_strong, classes = self.logits(u, x, y)
        self.index = index
        sigma = self.counts().double()
        never_seen = 0 if self.unlabelled is None else self.unlabelled - sigma.sum()
        beta = sigma / max(sigma.max(), never_seen, 1)
        threshold = beta / (2 - beta) * self.tau
        return classes + self.weight * self.matched(z_strong, self.q.amax(1) >= threshold[self.q.argmax(1)])

    def after(self):
        sure = self.q.amax(1) > self.tau
        self.seen[self.index[sure]] = self.q.argmax(1)[sure]

    def state(self):
        return {"seen": self.seen, "counts": self.counts()}


class FlexMatchWarmUp(FlexMatch):
    tau, unlabelled = 0.8, 12  # the sixth step's answers lie about tau, and one picture of twelve was seen confidently


class FreeMatch(Matching):
    decay, fairness_weight = 0.7, 0.3

    def __init__(self, net):
        super().__init__(net)
        self.tau = torch.full((1,), 1 / CLASSES)
        self.p = torch.full((CLASSES,), 1 / CLASSES)
        self.h = torch.full((CLASSES,), 1 / CLASSES)

    def loss(self, u, x, y, index):
        z_strong, classes = self.logits(u, x, y)
        follow = lambda old, new: self.decay * old + (1 - self.decay) * new
        self.tau = follow(self.tau, self.q.amax(1).mean())
        self.p = follow(self.p, self.q.mean(0))
        self.h = follow(self.h, torch.bincount(self.q.argmax(1), minlength=CLASSES) / PICTURES)
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


def train(name, net, loss_of, rotations, views, after, state):
    losses = []
    for t in range(20):
        u = [pictures(2 * t + 50 * v, rotations) for v in range(views)]
        x = pictures(2 * t + 1, rotations)
        y = torch.tensor([(i + t) % CLASSES for i in range(PICTURES)])
        loss = loss_of(t, u, x, y)
        losses.append(loss.detach())
        net.update(loss)
        after()
        if t == 2:
            for key, value in {**net.p, **net.running, **state()}.items():
                put(name, key, value)
    put(name, "loss", torch.stack(losses))


def case(name, loss_of, rotations=1, head=None, cross_replica=False):
    net = Network(head, 1 if cross_replica else REPLICAS, cross_replica)
    train(name, net, lambda t, u, x, y: loss_of(net, u[0], x, y, [1, 2, 3, 4, 5, 6 + t]), rotations, 1, lambda: None, dict)


def peer_case(name, method):
    net = Network(None, REPLICAS, False)
    peer = method(net)
    Matching.shares.clear()
    places = lambda t: (PICTURES * t + torch.arange(PICTURES)) % 12
    train(name, net, lambda t, u, x, y: peer.loss(u, x, y, places(t)), 1, 2, peer.after, peer.state)
    assert method is MeanTeacher or len(set(Matching.shares)) > 1, "choose a threshold that some rows reach"


case("supervised", supervised)
case("pseudo-label", supervised)
case("rotation", rotation(True, True), 4, ("rotations", 4))
case("rotation labelled", rotation(False, True), 4, ("rotations", 4))
case("rotation unlabelled", rotation(True, False), 4, ("rotations", 4))
case("exemplar", exemplar(True), 4, ("embeddings", EMBEDDING))
case("exemplar unlabelled", exemplar(False), 4, ("embeddings", EMBEDDING))
case("exemplar released", exemplar(True, released=True), 4, ("embeddings", EMBEDDING))
case("rotation-pretrain", rotation_pretrain, 4, ("rotations", 4))
case("exemplar-pretrain", exemplar_pretrain, 4, ("embeddings", EMBEDDING))
case("vat", vat_method())
case("vat literal", vat_method(literal=True))
case("vat unlabelled", vat_method(labelled=False))
case("vat literal unlabelled", vat_method(labelled=False, literal=True))
case("vat clean-first", vat_method(clean_first=True))
case("vat thrice", vat_method(iterations=3))
case("vat literal twice", vat_method(labelled=False, literal=True, iterations=2))
case("vat bounded", vat_method(bounded=True, eps=EPS_BOUNDED))
case("vat-entmin", vat_method(entmin=True))
case("vat-entmin unlabelled", vat_method(entmin=True, labelled=False))
case("moam", moam(), 4, ("rotations", 4), True)
case("moam literal", moam(literal=True), 4, ("rotations", 4), True)
case("moam labels", moam_labels, 4, None, True)
peer_case("mean-teacher", MeanTeacher)
peer_case("fixmatch", FixMatch)
peer_case("flexmatch", FlexMatch)
peer_case("flexmatch warm-up", FlexMatchWarmUp)
peer_case("freematch", FreeMatch)
print("// Written by make_methods.py: {case, tensor, shape, values}.")
print("\n".join(rows_of_file))
