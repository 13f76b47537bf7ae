#!/usr/bin/env python3
"""Does the method show in the first minute? rotation against supervised, in pairs of runs with the same labels.

  first_minute.py --program build/release/bin/s4l --out pairs.jsonl          30 pairs; run again to go on where it stopped
  first_minute.py ... --only 1/3                                             the first of three shards
  first_minute.py ... --long                                                 the 5-minute recipe: 10 pairs
  first_minute.py ... --table                                                what has been measured so far
  first_minute.py ... --measure                                              step times, on a quiet machine

A pair is a data seed (which pictures) and a label subset (which of them have labels; initial weights and order go with
it). It trains rotation, supervised for as many steps, and supervised for as much time: for --time-ratio times rotation's
steps, the ratio of the step times that --measure prints, so that what else the machine does changes no result. Test
pictures are read once a run; the recipes were found on other data seeds (docs/results.md).
"""
import argparse
import json
import math
import os
import subprocess
import tempfile

# Student's t, two-sided 95 %, by degrees of freedom; between two the smaller one's is used, which errs to the safe side.
T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 14: 2.145, 19: 2.093,
       24: 2.064, 29: 2.045}
RECIPES = {"rotation": "things/rotation", "steps": "things/supervised", "time": "things/supervised-long"}
LONG_RECIPES = {"rotation": "things/rotation-5min", "steps": "things/supervised-long", "time": "things/supervised-long"}
ROTATION_STEPS = {False: 500, True: 2000}  # by --long


def run(args, recipe, steps, subset, data_seed):
    """One process of the program; its result as a dictionary."""
    method = "rotation" if "rotation" in recipe else "supervised"
    with tempfile.TemporaryDirectory() as folder:
        command = [args.program, "run", method, "--recipe", recipe, "--labels", "10", "--seed", str(subset), "--data-seed",
                   str(data_seed), "--steps", str(steps), "--json", "--quiet", "--output", os.path.join(folder, "run")]
        done = subprocess.run(command, env=dict(os.environ, S4L_NUM_THREADS=str(args.threads)), stdout=subprocess.PIPE,
                              check=True, text=True)
    return json.loads(done.stdout)


def entries(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [json.loads(line) for line in file if line.endswith("\n")]


def measure_pairs(args, recipes, rotation_steps):
    done = {(e["kind"], e["subset"], e["data_seed"]) for e in entries(args.out)}
    shard, shards = (int(n) for n in args.only.split("/"))
    pairs = [(subset, data_seed) for subset in range(args.subsets) for data_seed in range(args.data_seeds)]
    for number, (subset, data_seed) in enumerate(pairs):
        if number % shards != shard - 1:
            continue
        for kind, recipe in recipes.items():
            if (kind, subset, data_seed) in done:
                continue
            steps = round(rotation_steps * args.time_ratio) if kind == "time" else rotation_steps
            result = run(args, recipe, steps, subset, data_seed)
            entry = {"kind": kind, "subset": subset, "data_seed": data_seed, "recipe": recipe, "steps": steps,
                     "seconds": result["seconds"], "threads": args.threads, "split": result["split"],
                     "unrotated": result["test"]["unrotated"]["top-1-acc"]}
            if "rot_avg" in result["test"]:
                entry["rot_avg"] = result["test"]["rot_avg"]["top-1-acc"]
            with open(args.out, "a") as file:
                file.write(json.dumps(entry) + "\n")
            print(json.dumps(entry), flush=True)


def interval(values):
    """Mean and half-width of its 95 % interval."""
    n, mean = len(values), sum(values) / len(values)
    if n < 2:
        return mean, math.inf
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1))
    return mean, T95[max(k for k in T95 if k <= n - 1)] * deviation / math.sqrt(n)


def print_table(args):
    by = {}
    for e in entries(args.out):
        by.setdefault(e["kind"], {})[(e["subset"], e["data_seed"])] = e
    rotation = by.get("rotation", {})
    print("| against rotation | pairs | rotation % | averaged over 4 % | supervised % | difference | with the average |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for kind, name in (("steps", "supervised, equal steps"), ("time", "supervised, equal time")):
        other = by.get(kind, {})
        pairs = sorted(set(rotation) & set(other))
        assert all(rotation[p]["split"] == other[p]["split"] for p in pairs), "a pair with different labels"
        if not pairs:
            continue
        cells = []
        for values in ([rotation[p]["unrotated"] for p in pairs], [rotation[p]["rot_avg"] for p in pairs],
                       [other[p]["unrotated"] for p in pairs]):
            cells.append(f"{100 * sum(values) / len(values):.1f} ({100 * min(values):.1f}–{100 * max(values):.1f})")
        for score in ("unrotated", "rot_avg"):
            mean, half = interval([100 * (rotation[p][score] - other[p]["unrotated"]) for p in pairs])
            cells.append(f"{mean:+.1f} ± {half:.1f}")
        print(f"| {name} | {len(pairs)} | " + " | ".join(cells) + " |")


def print_step_times(args, recipes):
    """Alternating runs of 100 and 300 steps: their difference is 200 steps without start and test."""
    times = {}
    for _ in range(5):
        for kind in ("rotation", "time"):
            short, long = (run(args, recipes[kind], steps, 0, 0)["seconds"] for steps in (100, 300))
            times.setdefault(kind, []).append((long - short) / 200)
    medians = {kind: sorted(values)[2] for kind, values in times.items()}
    print(f"{args.threads} threads: rotation {1000 * medians['rotation']:.1f} ms a step, supervised "
          f"{1000 * medians['time']:.1f} ms, ratio {medians['rotation'] / medians['time']:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/s4l")
    parser.add_argument("--out", default="first_minute.jsonl", help="one line per run; an existing file is continued")
    parser.add_argument("--only", default="1/1", metavar="I/N", help="shard I of N")
    parser.add_argument("--long", action="store_true", help="the 5-minute recipe")
    parser.add_argument("--subsets", type=int, help="label subsets per data seed (10; 1 with --long)")
    parser.add_argument("--data-seeds", type=int, help="data seeds (3; 10 with --long)")
    parser.add_argument("--time-ratio", type=float, default=8.5, help="supervised steps in the time of one of rotation's")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--measure", action="store_true")
    args = parser.parse_args()
    args.subsets = args.subsets or (1 if args.long else 10)
    args.data_seeds = args.data_seeds or (10 if args.long else 3)
    recipes = LONG_RECIPES if args.long else RECIPES
    if args.measure:
        print_step_times(args, recipes)
        return
    if not args.table:
        measure_pairs(args, recipes, ROTATION_STEPS[args.long])
    print_table(args)


if __name__ == "__main__":
    main()
