#!/usr/bin/env bash
# On a machine with a GPU: the tests on the device, its results against those of the emulated device, and
# compute-sanitizer's four tools. Writes JSON.
#   [STEPS="kernels memcheck"] tests/on_gpu.sh BUILD [EMULATED_RESULTS] > on_gpu.json
# BUILD is the folder of the preset `cuda`, built there or carried over with the sources, both at their paths.
# EMULATED_RESULTS is what
#   S4L_WRITE_RESULTS=FILE build/emulated/bin/test_kernels
# wrote, on any machine, for the step against_emulated. STEPS leaves out the others, where time is short.
set -uo pipefail
build=${1:?usage: tests/on_gpu.sh BUILD [EMULATED_RESULTS]}
emulated=${2:-}
wanted=${STEPS:-}
logs=$build/on_gpu
mkdir -p "$logs"
nvidia-smi -L >"$logs/gpu.txt" 2>&1 || { echo "on_gpu: expected a GPU, nvidia-smi says: $(head -1 "$logs/gpu.txt")" >&2; exit 2; }

steps="" failed=0
step() {  # step NAME COMMAND...
  local name=$1 start=$SECONDS status=0
  shift
  [ -z "$wanted" ] || [[ " $wanted " == *" $name "* ]] || return 0
  echo "== $name" >&2
  "$@" >"$logs/$name.log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || { failed=1; tail -5 "$logs/$name.log" >&2; }
  steps+=$(printf '%s\n    {"name": "%s", "status": %d, "seconds": %d}' "${steps:+,}" "$name" "$status" "$((SECONDS - start))")
}

for tests in core kernels ops nn methods memory apps; do
  step "$tests" "$build/bin/test_$tests"
done
step plans "$build/bin/test_plans" "~[plans]"
[ -z "$emulated" ] || step against_emulated env S4L_COMPARE_RESULTS="$emulated" "$build/bin/test_kernels"
sanitizer=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
if [ -x "$sanitizer" ]; then
  watched=(env S4L_MEMORY_POOL=0 "$sanitizer" --error-exitcode 1)  # else it sees segments, not the tensors in them
  for tool in memcheck racecheck synccheck; do
    step "$tool" "${watched[@]}" --tool "$tool" "$build/bin/test_kernels"
  done
  step initcheck "${watched[@]}" --tool initcheck "$build/bin/test_kernels" --unfilled
else
  echo "SKIPPED: there is no compute-sanitizer" >&2
fi

query() { nvidia-smi --query-gpu="$1" --format=csv,noheader | head -1; }
cat <<JSON
{
  "device": "$(query name)",
  "driver": "$(query driver_version)",
  "date": "$(date -u +%F)",
  "compute_sanitizer": $([ -x "$sanitizer" ] && echo true || echo false),
  "steps": [$steps
  ]
}
JSON
exit "$failed"
