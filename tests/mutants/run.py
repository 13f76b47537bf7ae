#!/usr/bin/env python3
"""Does the suite see mistakes in the CUDA kernels? Plants them one by one and runs the tests of the op concerned.

A mutant is one change of one line of device code: a barrier dropped, < for <= or a maximum for a minimum, an index off
by one, a sign swapped, a term dropped. Each compiles one file against a build of the preset `emulated`, links it in
front of the library and runs the tests of its file. What survives is judged again in builds with a sanitizer, for which
a read out of bounds or a race is enough. Verdicts are kept in the first build's folder: a second call goes on where the
first ended, and judges again what survived, since the tests may be better now.

Mutants that change nothing are listed with the reason in equivalent.toml. They are judged too but counted apart; one
that is killed, or that the kernels no longer have, is an error. Fails under 95 % killed of the others, and lists what
survived.

    tests/mutants/run.py [--build build/emulated build/emulated-asan build/emulated-tsan] [--count 200] [--jobs 2]
        [--only kl_divergence.cu]
"""
import argparse
import collections
import concurrent.futures
import hashlib
import itertools
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNELS = ROOT / "kernels/cuda"
# Headers of device code, and the kernels that are to show a mistake in each.
HEADERS = {"channel_tiles": ["batch_norm"], "distances": ["triplet"], "last_block": ["batch_norm"], "launch": ["fill"],
           "mean_loss": ["softmax_entropy"], "most_probable": ["confident_labels"], "number": ["fill"],
           "philox": ["vat"], "reduce": ["softmax_entropy", "l2_normalize"], "row": ["softmax", "softmax_entropy"]}
# Kernels whose tests stand in a file of several; else it has the kernel's name.
TESTS = {"add": "elementwise", "average": "elementwise", "cast": "elementwise", "unary": "elementwise",
         "confident_labels": "labels", "curriculum": "labels", "self_adaptive": "labels"}
SECONDS = 30  # of the processor for a mutant's tests; more is a loop that does not end
STOP_AT_ONCE = {"TSAN_OPTIONS": "halt_on_error=1"}
TERM = r"(?:static_cast<[\w:<>]+>\([^()]*\)|[\w.:]+(?:\([^()]*\)|\[[^\[\]]*\])*)"
# Kind of mistake: names, what is replaced, and by what.
RULES = {
    "barrier": [("drop the barrier", r"\b__sync(?:threads|warp)\(\);", "")],
    "comparison": [
        ("<= for <", r"(?<= )<(?= )", "<="),
        ("< for <=", r"(?<= )<=(?= )", "<"),
        (">= for >", r"(?<= )>(?= )", ">="),
        ("== for !=", r"(?<= )!=(?= )", "=="),
        ("fmin for fmax", r"\bfmax\b", "fmin"),
        ("fmax for fmin", r"\bfmin\b", "fmax"),
    ],
    "index": [
        ("index + 1", r"(?<=\w)\[([^\[\]]+)\]", r"[\1 + 1]"),
        ("index - 1", r"(?<=\w)\[([^\[\]]+)\]", r"[\1 - 1]"),
    ],
    "sign": [
        ("- for +", r"(?<= )\+(?= )", "-"),
        ("+ for -", r"(?<= )-(?= )", "+"),
        ("-= for +=", r"\+=", "-="),
        ("+= for -=", r"-=", "+="),
    ],
    "term": [("drop a summand", r" [+-] " + TERM, ""), ("drop a factor", r" \* " + TERM, "")],
}
DECLARATION = re.compile(r"\s*(const )?[\w:<>]+ \w+\[[^\]]*\](\[[^\]]*\])?(, \w+\[[^\]]*\])*( = .*)?;")
NOT_CODE = re.compile(r"^\s*(//|#|namespace|template|using|constexpr|static constexpr|inline constexpr|S4L_SHARED|struct)")


def device_lines(text):
    """Numbers and texts of the lines that run on the device."""
    inside = False
    for number, line in enumerate(text.splitlines()):
        if line.startswith("namespace s4l::S4L_KNS"):
            inside = True
        elif line.startswith("}  // namespace s4l::S4L_KNS"):
            inside = False
        elif inside and not NOT_CODE.match(line) and "__launch_bounds__" not in line:
            yield number, line.split("  //")[0]


def mutants_of(path, kernels):
    seen = collections.Counter()
    for number, line in device_lines(path.read_text()):
        seen[line.strip()] += 1
        for kind, rules in RULES.items():
            for name, pattern, replacement in [] if kind == "index" and DECLARATION.match(line) else rules:
                for place, found in enumerate(re.finditer(pattern, line)):
                    changed = line[: found.start()] + found.expand(replacement) + line[found.end() :]
                    key = f"{path.name}:{name}:{place}:{line.strip()}:{seen[line.strip()]}"
                    yield {"id": hashlib.sha256(key.encode()).hexdigest()[:12], "file": path.name, "kernels": kernels,
                           "line": number + 1, "kind": kind, "rule": name, "before": line.strip(),
                           "after": changed.strip()}


def all_mutants(only):
    sources = [(KERNELS / f"{header}.cuh", kernels) for header, kernels in HEADERS.items()]
    sources += [(path, [path.stem]) for path in sorted(KERNELS.glob("*.cu"))]
    return [m for path, kernels in sources if not only or path.name == only
            for m in mutants_of(path, kernels)]


def in_turn(mutants):
    """All of them in an order that a change elsewhere does not alter, one of each kind at a time: any beginning is a
    fair sample."""
    kinds = [sorted((m for m in mutants if m["kind"] == kind), key=lambda m: m["id"]) for kind in RULES]
    return [m for turn in itertools.zip_longest(*kinds) for m in turn if m]


def limit_time():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


class Build:
    def __init__(self, folder):
        self.folder = folder.resolve()

    def prepare(self):
        """Brings the build up to date, and makes sure that the tests pass without a mutant."""
        subprocess.run(["ninja", "-C", self.folder, "test_kernels"], stdout=subprocess.DEVNULL, check=True)
        if not self.passes("bin/test_kernels", []):
            sys.exit(f"expected test_kernels of {self.folder} to pass, got a failure")

    def passes(self, binary, arguments):
        ran = subprocess.run([binary, "-a", *arguments], capture_output=True, text=True, cwd=self.folder,
                             env=os.environ | STOP_AT_ONCE, preexec_fn=limit_time if arguments else None)
        if "No test" in ran.stdout:
            raise RuntimeError(f"expected tests of {arguments}, got none")
        return ran.returncode == 0

    def commands(self, target):
        text = subprocess.run(["ninja", "-C", self.folder, "-t", "commands", "-s", target], capture_output=True,
                              text=True, check=True).stdout
        return text.strip().splitlines()[-1]

    def compiled(self, kernel, scratch):
        """The object of one kernel, with what lies in `scratch` before the tree's own; None if it does not compile."""
        source, mutated = f"CMakeFiles/s4lcore.dir/emulated/{kernel}.cpp.o", pathlib.Path(scratch) / f"{kernel}.o"
        command = self.commands(source).replace(f"-o {source}", f"-o {mutated}").replace("-O3", "-O1")
        command = re.sub(r"-M[DTF]( \S+)?", "", command).replace(" -Werror", "").replace(" -I", f" -I{scratch} -I", 1)
        done = subprocess.run(command, shell=True, cwd=self.folder, capture_output=True)
        return mutated if done.returncode == 0 else None

    def judge(self, mutant):
        """killed, survived or invalid."""
        lines = (KERNELS / mutant["file"]).read_text().splitlines(keepends=True)
        at = mutant["line"] - 1
        lines[at] = lines[at].replace(mutant["before"], mutant["after"])
        with tempfile.TemporaryDirectory() as scratch:
            overlay = pathlib.Path(scratch) / "s4l/kernels/cuda" / mutant["file"]
            overlay.parent.mkdir(parents=True)
            overlay.write_text("".join(lines))
            objects = [self.compiled(kernel, scratch) for kernel in mutant["kernels"]]
            if None in objects:
                return "invalid"
            binary = pathlib.Path(scratch) / "test_kernels"
            names = " ".join(map(str, objects))
            link = self.commands("bin/test_kernels").replace("-o bin/test_kernels", f"-o {binary} {names}")
            subprocess.run(link, shell=True, cwd=self.folder, capture_output=True, check=True)
            tests = ",".join(f"[#{TESTS.get(kernel, kernel)}]" for kernel in mutant["kernels"])
            return "survived" if self.passes(binary, ["-#", tests]) else "killed"


def judged(mutant, builds):
    """The mutant with its verdict, and the build that gave it."""
    for build in builds:
        verdict = build.judge(mutant)
        if verdict != "survived":
            return mutant | {"verdict": verdict, "by": build.folder.name}
    return mutant | {"verdict": "survived"}


def equivalents(mutants):
    """Reasons by id; each must be the mutant that it was when the reason was written."""
    there = {mutant["id"]: mutant for mutant in mutants}
    listed = tomllib.loads((pathlib.Path(__file__).parent / "equivalent.toml").read_text())["mutant"]
    for entry in listed:
        mutant = there.get(entry["id"])
        if mutant is None or (mutant["file"], mutant["after"]) != (entry["file"], entry["after"]):
            sys.exit(f"equivalent.toml: expected {entry['id']} in {entry['file']} to give {entry['after']}, "
                     f"got {mutant['after'] if mutant else 'no such mutant'}")
    return {entry["id"]: entry["reason"] for entry in listed}


def all_judged(wanted, reasons):
    """The first `count` valid mutants that are not equivalent, and the equivalent ones among them, with verdicts."""
    results = wanted.build[0] / "mutants.jsonl"
    known = {}
    if results.exists():
        known = {entry["id"]: entry for entry in map(json.loads, results.read_text().splitlines())}
    builds = [Build(folder) for folder in wanted.build]
    for build in builds:
        build.prepare()

    def settled(mutant):
        verdict = known.get(mutant["id"], {}).get("verdict")
        return verdict in ("killed", "invalid") or (verdict == "survived" and mutant["id"] in reasons)

    def verdict_of(mutant):
        return mutant | known[mutant["id"]] | {"line": mutant["line"]} if settled(mutant) else judged(mutant, builds)

    rest = iter(in_turn(all_mutants(wanted.only)))
    done, apart = [], []
    with concurrent.futures.ThreadPoolExecutor(wanted.jobs) as pool:
        while len(done) < wanted.count and (batch := list(itertools.islice(rest, wanted.count - len(done)))):
            for entry in pool.map(verdict_of, batch):
                if not settled(entry):
                    with results.open("a") as file:
                        file.write(json.dumps(entry) + "\n")
                if entry["verdict"] == "invalid":
                    continue
                (apart if entry["id"] in reasons else done).append(entry)
                print(f"{len(done)} {entry['verdict']}{' by ' + entry['by'] if 'by' in entry else ''}: "
                      f"{entry['file']}:{entry['line']} {entry['rule']}", flush=True)
    return done, apart


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--build", type=pathlib.Path, nargs="+",
                         default=[ROOT / "build" / f"emulated{kind}" for kind in ("", "-asan", "-tsan")],
                         help="what one leaves alive the next judges")
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    options.add_argument("--only", help="one file of kernels/cuda")
    wanted = options.parse_args()
    start = time.monotonic()
    reasons = equivalents(all_mutants(None))
    done, apart = all_judged(wanted, reasons)
    for entry in done:
        if entry["verdict"] == "survived":
            print(f"\n{entry['id']} {entry['file']}:{entry['line']} {entry['rule']}")
            print(f"- {entry['before']}\n+ {entry['after']}")
    for entry in apart:
        print(f"\nequivalent: {entry['file']}:{entry['line']} {entry['after']}\n  {reasons[entry['id']]}")
    wrong = [entry["id"] for entry in apart if entry["verdict"] == "killed"]
    if wrong:
        print(f"\nlisted as equivalent, and killed: {' '.join(wrong)}")
    by = collections.Counter(entry.get("by") for entry in done if entry["verdict"] == "killed")
    killed = sum(by.values())
    print(f"\n{killed} of {len(done)} mutants killed ({', '.join(f'{n} by {name}' for name, n in by.items())}), "
          f"{len(apart)} equivalent ones apart, {(time.monotonic() - start) / 60:.0f} minutes")
    return 0 if killed >= 0.95 * len(done) and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
