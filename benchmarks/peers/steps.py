#!/usr/bin/env python3
"""Whole training steps against PyTorch: eager and torch.compile, contiguous and channels_last, taking turns with ours.

  steps.py --program build/bin/train_step              both networks, 2 threads; makes an environment with PyTorch
  steps.py ... --python /path/to/python                uses one that has it
  steps.py ... --prepare                               only fills torch.compile's cache, which takes minutes
  steps.py ... --scaling                               threads from 1 to all cores, then batches from 1 to 256

Each contender is one process that takes 5 steps to warm up; then they take turns, a few steps each, and the median of all
of a contender's steps counts. A ratio is PyTorch's best variant over ours. All are pinned to the same --threads cores, the
first of those that this process may use (taskset chooses others). Ours takes as many threads; each of PyTorch's variants
takes whichever count from 1 to that was fastest in a trial before, but in --scaling, which is about the count itself. Wants
a quiet machine.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import venv

HERE = os.path.dirname(os.path.abspath(__file__))
NETWORKS = {"wrn-28-2": (64, 32), "resnet50": (8, 224)}  # batch and side of the pictures
CORES = sorted(os.sched_getaffinity(0))
VARIANTS = [(how, layout) for how in ("eager", "compile") for layout in ("contiguous", "channels_last")]


class Contender:
    """A process that takes steps when told to."""

    def __init__(self, name, command, threads, cache):
        self.name = name
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), TORCHINDUCTOR_CACHE_DIR=cache)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.memory = json.loads(self.process.stdout.readline())
        self.times = []

    def take(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        self.times += json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def start(args, network, batch, threads, variant=()):
    """Ours, or a variant of PyTorch."""
    program = [args.python, os.path.join(HERE, "torch_step.py")] if variant else [args.program]
    words = [network, str(batch), str(NETWORKS[network][1]), str(threads), *variant]
    return Contender(" ".join(variant) or "ours", program + words, threads, args.cache)


def best_count(args, network, variant):
    """The number of threads with which this variant of PyTorch is fastest."""
    os.sched_setaffinity(0, CORES[:args.threads])
    times = {}
    for count in range(1, args.threads + 1):
        contender = start(args, network, NETWORKS[network][0], count, variant)
        contender.take(args.steps)
        contender.close()
        times[count] = statistics.median(contender.times)
    return min(times, key=times.get)


def compete(args, network, batch, threads, variants):
    """Median milliseconds, memory and threads of a step, by contender; `variants`: PyTorch's, with the threads of each."""
    os.sched_setaffinity(0, CORES[:threads])
    counts = [threads, *variants.values()]
    contenders = [start(args, network, batch, count, variant) for variant, count in zip([(), *variants], counts)]
    for _ in range(args.turns):
        for contender in contenders:
            contender.take(args.steps)
    for contender in contenders:
        contender.close()
    return {c.name: dict(c.memory, ms=statistics.median(c.times), threads=count) for c, count in zip(contenders, counts)}


def best_of(results, how):
    times = {name: row["ms"] for name, row in results.items() if name.startswith(how)}
    return min(times, key=times.get)


def processor():
    with open("/proc/cpuinfo") as file:
        lines = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in lines.items()}
    flags = facts["flags"].split()
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return f'{facts["model name"]}, family {facts["cpu family"]}, model {facts["model"]}, {vectors}, {os.cpu_count()} cores'


def print_networks(args):
    print(f"pinned to {args.threads} cores; medians of {args.turns * args.steps} steps\n")
    print("| network, batch | contender | threads | ms | theirs / ours | MiB of 5 steps | ours / theirs |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for network in args.networks:
        batch = NETWORKS[network][0]
        counts = {variant: best_count(args, network, variant) for variant in VARIANTS}
        results = compete(args, network, batch, args.threads, counts)
        ours = results["ours"]
        for name, row in results.items():
            best = " (best)" if name in (best_of(results, "eager"), best_of(results, "compile")) else ""
            ratios = ("", "") if name == "ours" else (f'{row["ms"] / ours["ms"]:.2f}',
                                                      f'{ours["steps_mib"] / row["steps_mib"]:.2f}')
            print(f'| {network}, {batch} | {name}{best} | {row["threads"]} | {row["ms"]:.1f} | {ratios[0]} | '
                  f'{row["steps_mib"]:.0f} | {ratios[1]} |', flush=True)


def print_scaling(args):
    network, cores = args.networks[0], range(1, len(CORES) + 1)
    batch = NETWORKS[network][0]
    print(f"{network}, milliseconds a picture; PyTorch: eager, {args.layout}\n")
    print("| threads | batch | ours | PyTorch | theirs / ours |\n| --- | --- | --- | --- | --- |")
    for threads, n in [(t, batch) for t in cores] + [(args.threads, n) for n in args.batches]:
        results = compete(args, network, n, threads, {("eager", args.layout): threads})
        ours, theirs = results["ours"]["ms"] / n, results[f"eager {args.layout}"]["ms"] / n
        print(f"| {threads} | {n} | {ours:.2f} | {theirs:.2f} | {theirs / ours:.2f} |", flush=True)


def make_environment(folder):
    """A throw-away environment with the CPU build of PyTorch."""
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        print(f"steps: installing PyTorch into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "torch>=2.4,<3", "numpy", "--extra-index-url",
                        "https://download.pytorch.org/whl/cpu"], check=True)
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="train_step of a Release build with -DS4L_BUILD_BENCHMARKS=ON")
    parser.add_argument("--python", help="a Python that has PyTorch")
    parser.add_argument("--environment", default="build/peers", help="where one is made otherwise")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--threads", type=int, default=2, help="and cores: ours, and PyTorch's most")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4, help="of each turn")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 16, 256])
    parser.add_argument("--layout", default="channels_last", help="PyTorch's in --scaling")
    args = parser.parse_args()
    args.cache = os.path.abspath(os.path.join(args.environment, "inductor"))
    args.python = args.python or make_environment(args.environment)
    if args.prepare:
        for network in args.networks:
            for variant in VARIANTS:
                best_count(args, network, variant)
        return
    print(processor())
    (print_scaling if args.scaling else print_networks)(args)


main()
