#!/usr/bin/env python3
"""train_step's counterpart in PyTorch: the same networks, loss and optimizer, the same words on input and output.

  torch_step.py NETWORK BATCH SIZE THREADS eager|compile contiguous|channels_last

takes 5 steps, prints the memory they took, then reads counts and prints the milliseconds of so many steps each.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class Unit(nn.Module):
    """Pre-activation unit: batch norm and ReLU before each convolution (kernel size, channels, stride)."""

    def __init__(self, channels, convs):
        super().__init__()
        self.norms, self.convs = nn.ModuleList(), nn.ModuleList()
        first, stride = channels, 1
        for size, out, step in convs:
            self.norms.append(nn.BatchNorm2d(channels, eps=1e-3))
            self.convs.append(nn.Conv2d(channels, out, size, step, size // 2, bias=False))
            channels, stride = out, stride * step
        self.shortcut = nn.Conv2d(first, channels, 1, stride, bias=False) if stride > 1 or first != channels else None

    def forward(self, x):
        h = F.relu(self.norms[0](x), inplace=True)
        shortcut = self.shortcut(h) if self.shortcut else x
        h = self.convs[0](h)
        for norm, conv in zip(self.norms[1:], self.convs[1:]):
            h = conv(F.relu(norm(h), inplace=True))
        return h + shortcut


class ResNet(nn.Module):
    def __init__(self, stem, imagenet_stem, bottleneck, stages, classes):
        super().__init__()
        self.stem = nn.Conv2d(3, stem, 7 if imagenet_stem else 3, 2 if imagenet_stem else 1, 3 if imagenet_stem else 1,
                              bias=False)
        self.pool = imagenet_stem
        units, channels = [], stem
        for i, (count, middle) in enumerate(stages):
            for j in range(count):
                stride = 2 if i > 0 and j == 0 else 1
                convs = ([(1, middle, 1), (3, middle, stride), (1, 4 * middle, 1)] if bottleneck
                         else [(3, middle, stride), (3, middle, 1)])
                units.append(Unit(channels, convs))
                channels = convs[-1][1]
        self.units = nn.Sequential(*units)
        self.norm = nn.BatchNorm2d(channels, eps=1e-3)
        self.head = nn.Linear(channels, classes)

    def forward(self, x):
        h = self.stem(x)
        if self.pool:
            h = F.max_pool2d(h, 3, 2, 1)
        h = F.relu(self.norm(self.units(h)), inplace=True)
        return self.head(h.mean((2, 3)))


NETWORKS = {"wrn-28-2": lambda classes: ResNet(16, False, False, [(4, 32), (4, 64), (4, 128)], classes),
            "resnet50": lambda classes: ResNet(64, True, True, [(3, 64), (4, 128), (6, 256), (3, 512)], classes)}


def peak_mib():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:"))


def main():
    network, batch, size, threads, how, layout = sys.argv[1:7]
    batch, size = int(batch), int(size)
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    form = {"memory_format": torch.channels_last} if layout == "channels_last" else {}
    x = torch.randn(batch, 3, size, size).contiguous(**form)
    labels = torch.arange(batch) % 10
    empty = peak_mib()
    model = NETWORKS[network](1000 if size > 64 else 10).to(**form)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4, fused=True)
    run = torch.compile(model) if how == "compile" else model

    def step():
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(run(x), labels)
        loss.backward()
        optimizer.step()
        loss.item()
        return 1e3 * (time.perf_counter() - start)

    before = peak_mib()
    for _ in range(5):
        step()
    print(json.dumps({"steps_mib": round(peak_mib() - before, 1), "all_mib": round(peak_mib() - empty, 1)}), flush=True)
    for line in sys.stdin:
        print(json.dumps([round(step(), 3) for _ in range(int(line))]), flush=True)


main()
