#!/usr/bin/env python3
"""rotation against supervised on a data set of your own, in equal wall time.

  equal_time.py --program build/release/bin/s4l --data cifar10 --recipe cifar10 --labels 10 --out equal_time.jsonl
  equal_time.py ... --measure      the step times alone, on a quiet machine
  equal_time.py ... --table        what has been measured so far

First the two step times, in alternation on this data (the ratio is what counts: what else the machine does meets both),
then rotation with its recipe's steps (or --steps), and supervised for as many steps as fit into the same time. Every
run has the same labels; the test pictures are read once a run, by the weights best on validation. What --out already
holds is not run again; its table is printed at the end.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile


def run(args, method, labels, seed, steps=None):
    """One process of the program; its result as a dictionary."""
    with tempfile.TemporaryDirectory() as folder:
        command = [args.program, "run", method, "--data", args.data, "--recipe", f"{args.recipe}/{method}", "--labels",
                   labels, "--seed", str(seed), "--json", "--quiet", "--output", os.path.join(folder, "run")]
        command += ["--steps", str(steps)] if steps else []
        done = subprocess.run(command, env=dict(os.environ, S4L_NUM_THREADS=str(args.threads)), stdout=subprocess.PIPE,
                              check=True, text=True)
    return json.loads(done.stdout)


def step_time_ratio(args):
    """rotation's step time by supervised's: the median of alternating pairs; start and test cancel out."""
    ratios = []
    for _ in range(args.repeats):
        seconds = {}
        for method, (short, long) in (("rotation", (20, 60)), ("supervised", (150, 450))):
            times = [run(args, method, args.labels[0], 0, steps)["seconds"] for steps in (short, long)]
            seconds[method] = (times[1] - times[0]) / (long - short)
        ratios.append(seconds["rotation"] / seconds["supervised"])
        print(f"a step of rotation {1000 * seconds['rotation']:.1f} ms, of supervised "
              f"{1000 * seconds['supervised']:.1f} ms", flush=True)
    return statistics.median(ratios)


def entries(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [json.loads(line) for line in file if line.endswith("\n")]


def append(path, entry):
    with open(path, "a") as file:
        file.write(json.dumps(entry) + "\n")
    print(json.dumps(entry), flush=True)


def measure(args):
    known = [e["ratio"] for e in entries(args.out) if "ratio" in e]
    ratio = known[0] if known else step_time_ratio(args)
    if not known:
        append(args.out, {"ratio": ratio, "threads": args.threads})
    if args.measure:
        return
    done = {(e["method"], e["labels"], e["seed"]): e for e in entries(args.out) if "method" in e}
    for labels in args.labels:
        for seed in range(args.seeds):
            rotation = done.get(("rotation", labels, seed)) or run_and_keep(args, "rotation", labels, seed, args.steps)
            if ("supervised", labels, seed) not in done:
                run_and_keep(args, "supervised", labels, seed, round(ratio * rotation["steps"]))


def run_and_keep(args, method, labels, seed, steps):
    result = run(args, method, labels, seed, steps)
    entry = {"method": method, "labels": labels, "seed": seed, "steps": result["steps"], "seconds": result["seconds"],
             "threads": args.threads, "split": result["split"],
             "test": {view: result["test"][view] for view in ("unrotated", "rot_avg") if view in result["test"]}}
    append(args.out, entry)
    return entry


def print_table(args):
    print("| labels % | seed | method | steps | top-1 % (95 %) | mean of 4 rotations % | seconds as run |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for e in entries(args.out):
        if "method" not in e:
            print(f"| | | ratio of step times {e['ratio']:.2f}, {e['threads']} threads | | | | |")
            continue
        cells = [percent(e["test"][view]) if view in e["test"] else "" for view in ("unrotated", "rot_avg")]
        print(f"| {e['labels']} | {e['seed']} | {e['method']} | {e['steps']} | {cells[0]} | {cells[1]} | {e['seconds']:.0f} |")


def percent(view):
    low, high = view["top-1-acc-95"]
    return f"{100 * view['top-1-acc']:.1f} ({100 * low:.1f}–{100 * high:.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/s4l")
    parser.add_argument("--data", required=True)
    parser.add_argument("--recipe", default="cifar10", help="folder of the two recipes")
    parser.add_argument("--labels", nargs="+", default=["10"], help="shares of the labels, as s4l run takes them")
    parser.add_argument("--seeds", type=int, default=1, help="label subsets")
    parser.add_argument("--steps", type=int, help="of rotation; the recipe's")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="pairs of step times")
    parser.add_argument("--out", default="equal_time.jsonl", help="one line a run; an existing file is continued")
    parser.add_argument("--measure", action="store_true", help="only the step times, on a quiet machine")
    parser.add_argument("--table", action="store_true", help="only what has been measured so far")
    args = parser.parse_args()
    if not args.table:
        measure(args)
    print_table(args)


if __name__ == "__main__":
    main()
