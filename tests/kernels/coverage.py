#!/usr/bin/env python3
"""How much of the device code do the kernels' tests run? Prints lines and branches of each file, then what no test
reaches; fails under 100 % of lines or 95 % of branches.

Device code is what stands in the namespace S4L_KNS, and kernels/formulas.h. Lines and branches are the source's, as
clang's coverage mapping has them: the two outcomes of each condition (of each part of && and || too), counted once over
all instances of a template, so that an outcome is reached if any instance has had it. What an instance decides while it
is compiled is no branch, nor is anything that a compiler adds (exceptions, static initialisation). The kernels are
compiled once more, by clang, and linked in front of the library of the preset `emulated`.

    tests/kernels/coverage.py [--build build/emulated] [--jobs 2]
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNELS = sorted(ROOT.glob("kernels/cuda/*.cu"))
SOURCES = [*KERNELS, *sorted(ROOT.glob("kernels/cuda/*.cuh")), ROOT / "kernels/formulas.h"]
LEAST_LINES, LEAST_BRANCHES = 1.0, 0.95
BORDER = re.compile(r"(namespace|}  // namespace) s4l::(S4L_KNS|formula)\b")  # of device code
LINE = re.compile(r"^ *(\d+)\| *([\d.]+[kMGT]?)\|")
BRANCH = re.compile(r"^ *\|  Branch \((\d+):(\d+)\): \[True: ([\d.]+)\w*, False: ([\d.]+)\w*\]")


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def llvm(tool):
    """The tool of clang's own version."""
    major = output_of("clang++", "-dumpversion").split(".")[0]
    return f"{tool}-{major}" if shutil.which(f"{tool}-{major}") else tool


def command_of(build, target):
    return output_of("ninja", "-C", build, "-t", "commands", "-s", target).strip().splitlines()[-1]


def copy_sources(scratch):
    """Without `#pragma unroll`: clang 14 miscounts what stands behind such a loop."""
    for file in SOURCES:
        copy = scratch / "s4l" / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(re.sub(r"(?m)^#pragma unroll.*$", "", file.read_text()))


def compiled(build, kernel, scratch):
    object_file = f"{scratch}/{kernel}.o"
    flags = re.findall(r"-[DI]\S+", command_of(build, f"CMakeFiles/s4lcore.dir/emulated/{kernel}.cpp.o"))
    subprocess.run(["clang++", "-std=c++20", "-O1", "-w", "-fPIC", "-fprofile-instr-generate", "-fcoverage-mapping",
                    f"-I{scratch}", *flags, "-c", f"emulated/{kernel}.cpp", "-o", object_file], cwd=build, check=True)
    return object_file


def linked(build, objects, scratch):
    binary = f"{scratch}/test_kernels"
    runtime = output_of("clang++", "--print-file-name=libclang_rt.profile-x86_64.a").strip()
    link = command_of(build, "bin/test_kernels").replace(
        "-o bin/test_kernels", f"-o {binary} {' '.join(objects)} {runtime} -u__llvm_profile_runtime")
    subprocess.run(link, shell=True, cwd=build, check=True)
    return binary


def run_tests(binary, file, scratch):
    subprocess.run([binary, "-#", f"[#{file}]"], stdout=subprocess.DEVNULL, check=True,
                   env=os.environ | {"LLVM_PROFILE_FILE": f"{scratch}/{file}.profraw"})


def device_lines(file):
    numbers, inside = set(), False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if BORDER.match(line):
            inside = line.startswith("namespace")
        elif inside:
            numbers.add(number)
    return numbers


def counted(file, report):
    """Whether each line of the file's device code was run, and each (line, column, outcome) reached."""
    wanted = device_lines(file)
    lines, outcomes = {}, collections.Counter()
    for row in report.splitlines():
        if (found := LINE.match(row)) and int(found[1]) in wanted:
            lines[int(found[1])] = found[2] != "0"
        elif (found := BRANCH.match(row)) and int(found[1]) in wanted:
            for outcome, times in (("true", found[3]), ("false", found[4])):
                outcomes[int(found[1]), int(found[2]), outcome] |= float(times) > 0
    return lines, outcomes


def measured(build, jobs):
    """(file, its lines, its outcomes) for each file of device code."""
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        scratch = pathlib.Path(folder)
        copy_sources(scratch)
        names = [file.stem for file in sorted(KERNELS, key=lambda file: -file.stat().st_size)]  # long ones first
        binary = linked(build, pool.map(lambda name: compiled(build, name, scratch), names), scratch)
        tests = [file.stem for file in ROOT.glob("tests/kernels/*.cpp") if "TEST_CASE" in file.read_text()]
        for _ in pool.map(lambda name: run_tests(binary, name, scratch), tests):
            pass
        profile = f"{scratch}/all.profdata"
        output_of(llvm("llvm-profdata"), "merge", *scratch.glob("*.profraw"), "-o", profile)
        for file in SOURCES:
            report = output_of(llvm("llvm-cov"), "show", binary, f"-instr-profile={profile}", "--show-branches=count",
                               "--show-instantiations=false", scratch / "s4l" / file.relative_to(ROOT))
            yield file, *counted(file, report)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--build", type=pathlib.Path, default=ROOT / "build/emulated")
    options.add_argument("--jobs", type=int, default=2)
    wanted = options.parse_args()
    build = wanted.build.resolve()
    subprocess.run(["ninja", "-C", build, "test_kernels"], stdout=subprocess.DEVNULL, check=True)
    missing, all_lines, all_outcomes = [], [], []
    for file, lines, outcomes in measured(build, wanted.jobs):
        all_lines += lines.values()
        all_outcomes += outcomes.values()
        missing += [f"{file.name}:{line}: never run" for line, run in lines.items() if not run]
        missing += [f"{file.name}:{line}:{column}: never {outcome}"
                    for (line, column, outcome), reached in outcomes.items() if not reached]
        if lines:
            print(f"{file.name:22} {sum(lines.values()):4} of {len(lines):4} lines, "
                  f"{sum(outcomes.values()):3} of {len(outcomes):3} branches")
    for line in missing:
        print(line)
    lines, branches = (sum(reached) / max(1, len(reached)) for reached in (all_lines, all_outcomes))
    print(f"device code: {lines:.1%} of {len(all_lines)} lines, {branches:.1%} of {len(all_outcomes)} branches")
    return 0 if lines >= LEAST_LINES and branches >= LEAST_BRANCHES else 1


if __name__ == "__main__":
    sys.exit(main())
