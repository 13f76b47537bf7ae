#!/usr/bin/env bash
# From a fresh machine to a result: ./bootstrap.sh run METHOD ... builds the program alone and runs `s4l run METHOD ...`;
# ./bootstrap.sh test builds everything and ends with CTest's summary. Debian 12; root or sudo only to install packages.
set -euo pipefail
here=$PWD  # paths after the word are meant from where the user stands
cd "$(dirname "$0")"

program_packages="g++ cmake ninja-build libhwy-dev libjpeg62-turbo-dev zlib1g-dev libstb-dev libssl-dev libfmt-dev nlohmann-json3-dev libcli11-dev libtomlplusplus-dev libprotozero-dev"
test_packages="catch2 git"

install_missing() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "bootstrap: installing ${missing[*]}" >&2
  local as_root=""
  [ "$(id -u)" -eq 0 ] || as_root=sudo
  if [ -n "$as_root" ] && ! command -v sudo >/dev/null; then
    echo "bootstrap: expected root or sudo to install: ${missing[*]}" >&2
    exit 1
  fi
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

check_processor() {
  for flag in avx2 fma; do
    grep -qw "$flag" /proc/cpuinfo || { echo "bootstrap: expected a processor with $flag, /proc/cpuinfo has none" >&2; exit 1; }
  done
}

build() {  # build PRESET: quiet while all is well
  local log="build/$1.log"
  mkdir -p build
  echo "bootstrap: building preset $1 (log: $log)" >&2
  { cmake --preset "$1" && cmake --build --preset "$1" -j "$(nproc)"; } >"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }
}

case "${1:-}" in
  run)
    check_processor
    # shellcheck disable=SC2086
    install_missing $program_packages
    build release
    program=$PWD/build/release/bin/s4l
    cd "$here"
    exec "$program" "$@" ;;
  test)
    check_processor
    # shellcheck disable=SC2086
    install_missing $program_packages $test_packages
    build cpu
    ctest --preset cpu -j "$(nproc)" "${@:2}" ;;
  *)
    echo "usage: ./bootstrap.sh run METHOD [options]   build the program and run it, e.g. run rotation --labels 10" >&2
    echo "       ./bootstrap.sh test [ctest options]   build everything and run the tests" >&2
    exit 2 ;;
esac
