#!/usr/bin/env python3
"""Compiles every CUDA kernel with nvcc for sm_80, 90 and 100 with warnings as errors, and fails where a hot one (all but
those of f64, which serve tests) takes stack or spills. Prints registers, shared memory and theoretical occupancy.

    tests/kernels/compile.py [--arch 90] [kernels/cuda/vat.cu ...]
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
THREADS = {"SharedRow": 1024, "vat_start": 512, "RegisterRow": 128, "half_nearest": 128, "mine_rows": 128, "distance_tiles": 64}  # of a block, at most
USE = re.compile(r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores.*?"
                 r"Used (\d+) registers(.*?)\n", re.S)


def occupancy(registers, shared, threads, arch):
    """Share of the warps that a multiprocessor can hold; registers are given out by 8 a thread, 256 a warp."""
    warps = threads // 32
    by_registers = 65536 // ((registers + 7) // 8 * 8 * 32) // warps
    by_shared = SHARED[arch] * 1024 // (shared + 1024)
    return min(by_registers, by_shared, 64 // warps, 32) * warps / 64


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--arch", type=int, action="append")
    options.add_argument("files", nargs="*", type=pathlib.Path)
    wanted = options.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        os.symlink(ROOT, f"{scratch}/s4l")
        for file in wanted.files or sorted(ROOT.glob("kernels/cuda/*.cu")):
            for arch in wanted.arch or [80, 90, 100]:
                command = ["nvcc", f"-arch=sm_{arch}", "-std=c++20", "-O3", "-DS4L_WITH_CUDA", f"-I{scratch}", "-Werror",
                           "all-warnings", "-Xcompiler=-Wall,-Wextra", "-Xptxas=-v", "-c", file, "-o", f"{scratch}/o"]
                told = subprocess.run(command, capture_output=True, text=True)
                if told.returncode != 0:
                    print(told.stderr)
                    return 1
                for name, stack, spills, registers, rest in USE.findall(told.stderr):
                    plain = subprocess.run(["c++filt", name], capture_output=True, text=True).stdout
                    plain = re.sub(r"s4l::k_gpu::|\(anonymous namespace\)::|^void |s4l::", "", plain).split("(")[0].strip()
                    hot = "double" not in plain
                    shared = re.search(r"(\d+) bytes smem", rest)
                    threads = next((n for part, n in THREADS.items() if part in plain), 256)
                    share = occupancy(int(registers), int(shared[1]) if shared else 0, threads, arch)
                    fault = hot and (int(stack) or int(spills))
                    bad += bool(fault)
                    print(f"{'BAD ' if fault else ''}sm_{arch} {file.name} {plain}: {registers} registers, "
                          f"{share:.0%} of {threads} threads, stack {stack}, spills {spills}", flush=True)
    print(f"{bad} hot kernels with stack or spills")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
