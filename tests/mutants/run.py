#!/usr/bin/env python3
"""Does the suite see mistakes in the CUDA kernels? Plants them one by one and runs the tests of the op concerned.

A mutant is one change of one line of device code: a barrier dropped, < for <= or a maximum for a minimum, an index off
by one, a sign swapped, a term dropped. Each compiles one file against a finished build of the preset `emulated`, links
it in front of the library and runs the tests of its file. Verdicts are kept in the build folder: a second call goes on
where the first ended, and judges again what survived, since the tests may be better now. Fails under 95 % killed, and
lists what survived.

    tests/mutants/run.py [--build build/emulated build/emulated-asan] [--count 200] [--only kl_divergence.cu]
"""
import argparse
import collections
import hashlib
import itertools
import json
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNELS = ROOT / "kernels/cuda"
# Headers of device code, and the kernels that are to show a mistake in each.
HEADERS = {"channel_tiles": ["batch_norm"], "distances": ["triplet"], "last_block": ["batch_norm"], "launch": ["fill"],
           "mean_loss": ["softmax_entropy"], "most_probable": ["confident_labels"], "number": ["fill"],
           "philox": ["vat"], "reduce": ["softmax_entropy", "l2_normalize"], "row": ["softmax", "softmax_entropy"]}
# Kernels whose tests stand in a file of several; else it has the kernel's name.
TESTS = {"add": "elementwise", "average": "elementwise", "cast": "elementwise", "unary": "elementwise",
         "confident_labels": "labels", "curriculum": "labels", "self_adaptive": "labels"}
SECONDS = 60  # of the processor for a mutant's tests; more is a loop that does not end
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

    def run(self, mutant):
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
            ran = subprocess.run([binary, "-a", "-#", tests], capture_output=True, text=True, cwd=self.folder,
                                 preexec_fn=limit_time)
            if "No test" in ran.stdout:
                raise RuntimeError(f"expected tests of {tests}, got none")
            return "survived" if ran.returncode == 0 else "killed"


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--build", type=pathlib.Path, nargs="+", default=[ROOT / "build/emulated"],
                         help="what one leaves alive the next judges: one with a sanitizer sees reads out of bounds")
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--only", help="one file of kernels/cuda")
    wanted = options.parse_args()
    results = wanted.build[0] / "mutants.jsonl"
    known = {}
    if results.exists():
        known = {entry["id"]: entry for entry in map(json.loads, results.read_text().splitlines())}
    builds = [Build(folder) for folder in wanted.build]
    judged = []
    for mutant in in_turn(all_mutants(wanted.only)):
        if len(judged) == wanted.count:
            break
        if known.get(mutant["id"], {"verdict": "survived"})["verdict"] == "survived":
            verdicts = (build.run(mutant) for build in builds)
            verdict = next((v for v in verdicts if v != "survived"), "survived")
            known[mutant["id"]] = mutant | {"verdict": verdict}
            with results.open("a") as file:
                file.write(json.dumps(known[mutant["id"]]) + "\n")
        entry = mutant | {"verdict": known[mutant["id"]]["verdict"]}
        if entry["verdict"] != "invalid":
            judged.append(entry)
            print(f"{len(judged)} {entry['verdict']}: {entry['file']}:{entry['line']} {entry['rule']}", flush=True)
    killed = sum(entry["verdict"] == "killed" for entry in judged)
    for entry in judged:
        if entry["verdict"] == "survived":
            print(f"\n{entry['file']}:{entry['line']} {entry['rule']}\n- {entry['before']}\n+ {entry['after']}")
    print(f"\n{killed} of {len(judged)} mutants killed")
    return 0 if killed >= 0.95 * len(judged) else 1


if __name__ == "__main__":
    sys.exit(main())
