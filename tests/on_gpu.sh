#!/usr/bin/env bash
# On a machine with a GPU: the tests on the device, its results against those of the emulated device, and
# compute-sanitizer's four tools. Writes JSON, which also stands in BUILD/on_gpu/on_gpu.json after every step.
#   [STEPS="kernels memcheck"] [STEP_SECONDS=600] tests/on_gpu.sh BUILD [EMULATED_RESULTS] > on_gpu.json
# BUILD is the folder of the preset `cuda`, built there or carried over with the sources, both at their paths.
# EMULATED_RESULTS is what
#   S4L_WRITE_RESULTS=FILE build/emulated/bin/test_kernels
# wrote, on any machine, for the step against_emulated. STEPS leaves out the others, where time is short. A step that
# takes longer than STEP_SECONDS is ended, with status 124 or 137. Exit status: 1 where a step failed, 2 where what was
# asked for cannot be run.
set -uo pipefail
build=${1:?usage: tests/on_gpu.sh BUILD [EMULATED_RESULTS]}
emulated=${2:-}
known="core kernels ops nn methods memory apps plans against_emulated memcheck racecheck synccheck initcheck"
wanted=${STEPS:-$known}
logs=$build/on_gpu

refuse() { echo "on_gpu: $1" >&2; exit 2; }
has() { [[ " $1 " == *" $2 "* ]]; }  # has LIST NAME

for name in $wanted; do
  has "$known" "$name" || refuse "expected STEPS out of: $known; got $name"
done
[ -n "${wanted// /}" ] || refuse "expected STEPS out of: $known; got none"
[ -z "$emulated" ] || [ -r "$emulated" ] || refuse "expected the emulated device's results in $emulated"
mkdir -p "$logs" || exit 2
nvidia-smi -L >"$logs/gpu.txt" 2>&1 || refuse "expected a GPU, nvidia-smi says: $(head -1 "$logs/gpu.txt")"
# With a driver too old, say, the tests would pass on the CPU alone.
devices=$("$build/bin/s4l" info 2>&1 | grep '^devices')
[[ "$devices" == *cuda:0* && "$devices" != *"played by"* ]] ||
  refuse "expected a build that finds the GPU as cuda:0, $build/bin/s4l info says: ${devices:-nothing}"

declare -A skipped  # name: why
sanitizer=$(command -v compute-sanitizer || echo "${CUDA_HOME:-/usr/local/cuda}/bin/compute-sanitizer")
[ -n "$emulated" ] || skipped[against_emulated]="there are no EMULATED_RESULTS"
for name in memcheck racecheck synccheck initcheck; do
  [ -x "$sanitizer" ] || skipped[$name]="there is no compute-sanitizer"
done
for name in $known; do
  [ -z "${STEPS:-}" ] || ! has "$wanted" "$name" || [ -z "${skipped[$name]:-}" ] ||
    refuse "cannot run $name: ${skipped[$name]}"
  has "$wanted" "$name" || skipped[$name]="not among STEPS"
done

query() { nvidia-smi --query-gpu="$1" --format=csv,noheader | head -1; }
device=$(query name) driver=$(query driver_version) steps="" failed=0

report() {
  local name left=""
  for name in $known; do
    has "$ended" "$name" ||
      left+=$(printf '%s\n    {"name": "%s", "reason": "%s"}' "${left:+,}" "$name" "${skipped[$name]:-not reached}")
  done
  cat >"$logs/on_gpu.json.new" <<JSON
{
  "device": "$device",
  "driver": "$driver",
  "date": "$(date -u +%F)",
  "compute_sanitizer": $([ -x "$sanitizer" ] && echo true || echo false),
  "steps": [$steps
  ],
  "skipped": [$left
  ]
}
JSON
  mv "$logs/on_gpu.json.new" "$logs/on_gpu.json"
}

step() {  # step NAME COMMAND...
  local name=$1 start=$SECONDS status=0
  shift
  echo "== $name" >&2
  timeout --kill-after=30 "${STEP_SECONDS:-600}" "$@" >"$logs/$name.log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || { failed=1; tail -5 "$logs/$name.log" >&2; }
  steps+=$(printf '%s\n    {"name": "%s", "status": %d, "seconds": %d}' "${steps:+,}" "$name" "$status" "$((SECONDS - start))")
  ended+=" $name"
  report
}

ended=""
report
for name in $known; do
  if [ -n "${skipped[$name]:-}" ]; then
    echo "SKIPPED $name: ${skipped[$name]}" >&2
    continue
  fi
  # Without the pool, for the sanitizer would see its segments, not the tensors in them.
  watched=(env S4L_MEMORY_POOL=0 "$sanitizer" --error-exitcode 1 --tool "$name" "$build/bin/test_kernels")
  case $name in
    plans) step "$name" "$build/bin/test_plans" "~[plans]" ;;
    against_emulated) step "$name" env S4L_COMPARE_RESULTS="$emulated" "$build/bin/test_kernels" ;;
    initcheck) step "$name" "${watched[@]}" --unfilled ;;
    *check) step "$name" "${watched[@]}" ;;
    *) step "$name" "$build/bin/test_$name" ;;
  esac
done
cat "$logs/on_gpu.json"
exit "$failed"
