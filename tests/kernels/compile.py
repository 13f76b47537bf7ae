#!/usr/bin/env python3
"""Compiles every CUDA kernel with nvcc for sm_80, 90 and 100 with warnings as errors, and fails where a hot one (all but
those of f64, which serve tests) takes stack or spills, or where one that claims accesses of 16 bytes has none. Prints
registers and theoretical occupancy. With --log it compiles nothing and reads what a build of the preset `cuda` with
-DCMAKE_CUDA_FLAGS="-Xptxas=-v --keep --keep-dir=FOLDER" has told, and with --ptx what it has left in the folder.

    tests/kernels/compile.py [--log build/cuda.log --ptx FOLDER | kernels/cuda/vat.cu ...]
"""
import argparse
import collections
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

ENTRY = re.compile(r"^\s*(?:\.visible |\.weak )?\.entry (\w+)\((.*?)^}", re.S | re.M)
BY_TYPE, BY_LANES = "(float, 4|b?f16, 8)", "(4, float|8, b?f16)"  # instances for operands of whole 16 bytes
# Which kernels load (ld) and store (st) 16 bytes at a time, so that the memory's rate is within reach.
WIDE = {
    rf"\w+_rows<(SharedRow<{BY_TYPE}>|RegisterRow<(float, 32, 32, 4|b?f16, 32, 32, 8)>).*": ("ld", "st"),
    r"vat_start_rows<(float|b?f16)>": ("ld", "st"),
    r"rotation_tiles<(float, ., 4|b?f16, ., 8)>": ("ld", "st"),
    r"batch_norm_sums<(float, 4|b?f16, 8), .*": ("ld",),
    rf"batch_norm_(normalize|gradient)<{BY_TYPE}>": ("ld", "st"),
    r"sgd_update_all<float, b?f16, 4>": ("ld", "st"),
    rf"(sum_of_two|multiple|moving_average|unscale|max_pool|max_pool_gradient|pixel_means|spread_over_pixels)<{BY_LANES}>":
        ("ld", "st"),
    r"(values_of|times_slopes)<(4, .*float|8, .*f16)>": ("ld", "st"),
    r"converted<(4, float, float|8, .*)>": ("ld", "st"),
    rf"fill<{BY_LANES}>": ("st",),
    rf"(times_factor|squared_error)<{BY_LANES}>": ("ld", "st"),
    rf"clip_factor<{BY_LANES}>": ("ld",),
}


def occupancy(registers, shared, threads, arch):
    """Share of the warps that a multiprocessor can hold; registers are given out by 8 a thread, 256 a warp."""
    warps = threads // 32
    by_registers = 65536 // ((registers + 7) // 8 * 8 * 32) // warps
    by_shared = SHARED[arch] * 1024 // (shared + 1024)
    return min(by_registers, by_shared, 64 // warps, 32) * warps / 64


def compiled(files):
    """What ptxas tells of each file, compiled for all three, and the folder with their PTX."""
    with tempfile.TemporaryDirectory() as scratch:
        os.symlink(ROOT, f"{scratch}/s4l")
        code = [f"-gencode=arch=compute_{arch},code=sm_{arch}" for arch in SHARED]
        for file in files or sorted(ROOT.glob("kernels/cuda/*.cu")):
            command = ["nvcc", *code, "-std=c++20", "-O3", "-DS4L_WITH_CUDA", f"-I{scratch}", "-Werror", "all-warnings",
                       "-Xcompiler=-Wall,-Wextra", "-Xptxas=-v", "--keep", f"--keep-dir={scratch}", "-c", file, "-o",
                       f"{scratch}/o"]
            told = subprocess.run(command, capture_output=True, text=True)
            if told.returncode != 0:
                sys.exit(told.stderr)
            yield told.stderr, pathlib.Path(scratch)
            for left in pathlib.Path(scratch).glob("*.ptx"):
                left.unlink()


def plain_names(names):
    text = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    return [re.sub(r"s4l::k_gpu::|\(anonymous namespace\)::|^void |s4l::", "", name).split("(")[0].strip()
            for name in text.splitlines()]


def narrow_kernels(folder, seen):
    """What each kernel in the folder's PTX claims of WIDE and does not do; counts in `seen` whose claims were looked up.
    ptxas keeps the width of an access, and unlike its own output PTX needs no further tool to be read."""
    for file in sorted(folder.glob("*.ptx")):
        text = file.read_text()
        arch, kernels = re.search(r"^\.target (sm_\d+)", text, re.M), ENTRY.findall(text)
        for name, (_, body) in zip(plain_names(kernel[0] for kernel in kernels), kernels):
            for claim in (claim for claim in WIDE if re.fullmatch(claim, name)):
                seen[claim] += 1
                for access in WIDE[claim]:
                    if not re.search(rf"\b{access}(?!\.(shared|local|param))(\.\w+)*\.(v4\.[a-z]32|v2\.[a-z]64)\b", body):
                        yield f"BAD {arch[1]} {name}: no {access} of 16 bytes"


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--log", type=pathlib.Path)
    options.add_argument("--ptx", type=pathlib.Path)
    options.add_argument("files", nargs="*", type=pathlib.Path)
    wanted = options.parse_args()
    count = bad = 0
    narrow, seen = [], collections.Counter()
    for told, ptx in [(wanted.log.read_text(), wanted.ptx)] if wanted.log else compiled(wanted.files):
        narrow += narrow_kernels(ptx, seen) if ptx else []
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
    if seen and not wanted.files:
        narrow += [f"BAD no kernel is called {claim}" for claim in WIDE if seen[claim] == 0]
    print(*narrow, f"{count} kernels compiled, {bad} hot ones with stack or spills; {sum(seen.values())} claim accesses of "
          f"16 bytes, {len(narrow)} have none", sep="\n")
    return count == 0 or bad != 0 or bool(narrow)


if __name__ == "__main__":
    sys.exit(main())
