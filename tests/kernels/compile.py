#!/usr/bin/env python3
"""Compiles every CUDA kernel with nvcc for sm_80, 90 and 100 with warnings as errors, and fails where a hot one (all but
those of f64, which serve tests) takes stack or spills. Prints registers and theoretical occupancy. With --log it compiles
nothing and reads what a build of the preset `cuda` with -DCMAKE_CUDA_FLAGS=-Xptxas=-v has told.

    tests/kernels/compile.py [--log build/cuda.log | kernels/cuda/vat.cu ...]
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = {80: 164, 90: 228, 100: 228}  # KiB of a multiprocessor; 64 Ki registers and 64 warps in all three
# Of a block, at most; 256 where none of the names is part of the kernel's.
THREADS = {"SharedRow": 1024, "vat_start": 512, "batch_norm_sums": 512, "RegisterRow": 128, "half_nearest": 128,
           "mine_rows": 128, "distance_tiles": 64}
USE = re.compile(r"Compiling entry function '(\w+)' for 'sm_(\d+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores.*?"
                 r"Used (\d+) registers(.*?)\n", re.S)


def occupancy(registers, shared, threads, arch):
    """Share of the warps that a multiprocessor can hold; registers are given out by 8 a thread, 256 a warp."""
    warps = threads // 32
    by_registers = 65536 // ((registers + 7) // 8 * 8 * 32) // warps
    by_shared = SHARED[arch] * 1024 // (shared + 1024)
    return min(by_registers, by_shared, 64 // warps, 32) * warps / 64


def compiled(files):
    """What ptxas tells of each file, compiled for all three."""
    with tempfile.TemporaryDirectory() as scratch:
        os.symlink(ROOT, f"{scratch}/s4l")
        code = [f"-gencode=arch=compute_{arch},code=sm_{arch}" for arch in SHARED]
        for file in files or sorted(ROOT.glob("kernels/cuda/*.cu")):
            command = ["nvcc", *code, "-std=c++20", "-O3", "-DS4L_WITH_CUDA", f"-I{scratch}", "-Werror", "all-warnings",
                       "-Xcompiler=-Wall,-Wextra", "-Xptxas=-v", "-c", file, "-o", f"{scratch}/o"]
            told = subprocess.run(command, capture_output=True, text=True)
            if told.returncode != 0:
                sys.exit(told.stderr)
            yield told.stderr


def plain_names(names):
    text = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    return [re.sub(r"s4l::k_gpu::|\(anonymous namespace\)::|^void |s4l::", "", name).split("(")[0].strip()
            for name in text.splitlines()]


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--log", type=pathlib.Path)
    options.add_argument("files", nargs="*", type=pathlib.Path)
    wanted = options.parse_args()
    count = bad = 0
    for told in [wanted.log.read_text()] if wanted.log else compiled(wanted.files):
        uses = USE.findall(told)
        for name, (_, arch, stack, spills, registers, rest) in zip(plain_names(use[0] for use in uses), uses):
            shared = re.search(r"(\d+) bytes smem", rest)
            threads = next((n for part, n in THREADS.items() if part in name), 256)
            share = occupancy(int(registers), int(shared[1]) if shared else 0, threads, int(arch))
            fault = "double" not in name and (int(stack) or int(spills))
            bad += bool(fault)
            count += 1
            print(f"{'BAD ' if fault else ''}sm_{arch} {name}: {registers} registers, {share:.0%} of {threads} threads, "
                  f"stack {stack}, spills {spills}", flush=True)
    print(f"{count} kernels compiled, {bad} hot ones with stack or spills")
    return count == 0 or bad != 0


if __name__ == "__main__":
    sys.exit(main())
