#!/usr/bin/env python3
"""Every convolution of the networks against oneDNN, in one table.

    benchmarks/peers/onednn/conv2d.py                  # this processor's best instruction set
    benchmarks/peers/onednn/conv2d.py --avx2           # both sides limited to AVX2
    benchmarks/peers/onednn/conv2d.py --table FILES    # the table of earlier runs (--json)

Two versions of oneDNN are compared with: Debian's 2.6 (package libdnnl-dev), the last line with a Winograd convolution, and
3.2 from PyPI, unpacked under --build. Each runs in a process of its own that alternates with ours, layer by layer. Ratios
are oneDNN's best time over ours, above 1 where ours is faster. "Winograd" is oneDNN's; "best" is its fastest of both
versions and all formats, Winograd included."""

import argparse
import json
import math
import os
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WHEELS = ["onednn-cpu-gomp==2023.2.0", "onednn-devel-cpu-gomp==2023.2.0"]
NETWORKS = ["resnet-small", "wrn-28-2", "wrn-28-10", "resnet18", "resnet50"]


def unpacked_wheels(folder):
    if not list(folder.glob("*/data/lib/libdnnl.so.3")):
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder, *WHEELS], check=True)
        for wheel in folder.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(folder)
    include = next(folder.glob("*/data/include/oneapi/dnnl/dnnl.hpp")).parents[2]
    return include, next(folder.glob("*/data/lib/libdnnl.so.3"))


def build(folder, include, library):
    configure = ["cmake", "-S", HERE, "-B", folder, f"-DONEDNN_INCLUDE={include}", f"-DONEDNN_LIBRARY={library}"]
    for command in (configure, ["cmake", "--build", folder, "--target", "conv2d", f"-j{os.cpu_count()}"]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "conv2d"


def programs(folder):
    debian = Path("/usr/lib/x86_64-linux-gnu/libdnnl.so.2")
    if not debian.exists():
        sys.exit("conv2d.py: expected Debian's libdnnl-dev, which is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    return [build(folder / "2", "/usr/include", debian), build(folder / "3", *unpacked_wheels(folder / "wheels"))]


def measured(program, network, options):
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads))
    if options.avx2:
        environment["ONEDNN_MAX_CPU_ISA"] = "AVX2"
    command = [program, str(options.threads), str(options.rounds), network]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.splitlines()
    version, *rows = map(json.loads, lines)
    return [{**row, **version} for row in rows]


def merged(rows):
    """One row a layer and direction: the best time of each over both processes, and oneDNN's over ours."""
    times = {}
    for row in rows:
        entry = times.setdefault((row["network"], row["layer"], row["direction"]), {"gflop": row["gflop"]})
        for name in ("ours", "nhwc", "blocked", "winograd"):
            if name in row:
                label = name if name == "ours" else f"{row['onednn']} {name}"
                entry[label] = min(entry.get(label, math.inf), row[name]["ms"])
    table = {}
    for key, entry in times.items():
        gflop, ours = entry.pop("gflop"), entry.pop("ours")
        which = min(entry, key=entry.get)
        winograd = [time for label, time in entry.items() if label.endswith("winograd")]
        table[key] = {"gflop": gflop, "ours": ours, "best": entry[which] / ours, "which": which,
                      "winograd": min(winograd) / ours if winograd else None}
    return table


def kind(layer):
    _, kernel, stride = layer.split()
    return "3x3, stride 1" if (kernel, stride) == ("k3", "s1") and not layer.startswith("3-") else (
        "stems (3 channels)" if layer.startswith("3-") else "1x1 and strided")


def print_table(table):
    print("| network | layer | direction | ours, ms | GFLOP/s | × Winograd | × best | its best |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for (network, layer, direction), e in table.items():
        winograd = f"{e['winograd']:.2f}" if e["winograd"] else ""
        print(f"| {network} | {layer} | {direction} | {e['ours']:.3f} | {e['gflop'] / e['ours'] * 1000:.0f} | {winograd} "
              f"| {e['best']:.2f} | {e['which']} |")


def print_summary(table):
    print("\n| layers | direction | number | × Winograd: geometric mean (least) | × best: geometric mean (least) | target | missed |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    groups = {}
    for (_, layer, direction), e in table.items():
        groups.setdefault((kind(layer), direction), []).append(e)
    for (layers, direction), entries in sorted(groups.items()):
        def text(ratios):
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan
            return f"{mean:.2f} ({min(ratios):.2f})" if ratios else ""
        winograd = [e["winograd"] for e in entries if e["winograd"]]
        by_winograd = layers == "3x3, stride 1" and winograd
        ratios, target = (winograd, 1.0) if by_winograd else ([e["best"] for e in entries], 0.9)
        print(f"| {layers} | {direction} | {len(entries)} | {text(winograd)} | {text([e['best'] for e in entries])} "
              f"| {'≥ 1 × Winograd' if by_winograd else '≥ 0.9 × best'} | {sum(r < target for r in ratios)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contender")
    parser.add_argument("--avx2", action="store_true")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--build", type=Path, default=Path("build/peers/onednn"))
    parser.add_argument("--json", type=Path, help="also write every measurement there")
    parser.add_argument("--table", type=Path, nargs="+", help="measure nothing, read these")
    options = parser.parse_args()
    if options.table:
        rows = [row for file in options.table for row in json.loads(file.read_text())]
    else:
        both = programs(options.build.resolve())
        rows = [row for network in options.networks for program in both for row in measured(program, network, options)]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=0))
    table = merged(rows)
    print_table(table)
    print_summary(table)


if __name__ == "__main__":
    main()
