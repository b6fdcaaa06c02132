#!/usr/bin/env bash
# Everyday commands; see usage below. Works on a fresh Debian 12, Debian 13 or Ubuntu 24.04, as root or with sudo.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'END'
./do try            install what is missing, build, run the main job on the embedded AWS
./do test [FILTER]  install what is missing, build, run every test (or those whose name contains FILTER)
./do setup          install what building and testing needs
./do build          build the programs into build/bin/
./do asan           unit tests under the address and undefined-behaviour sanitizers
./do tsan           unit tests of what meets threads under the thread sanitizer
./do fmt            format the sources
./do check          format, include table, sizes, columns of docs, clang-tidy
./do bench          benchmarks, as ratios against what one would run otherwise
./do fuzz TARGET [SECONDS]   fuzz one parser (no TARGET: names them)
END
}

source setup/packages.sh
source setup/progress.sh
source setup/python.sh

# configure PRESET: makes the build folder once; ninja does the rest.
configure() {
  local folder=build
  [ "$1" = release ] || folder=build-$1
  [ -f "$folder/build.ninja" ] || cmake --preset "$1" >/dev/null
  echo "$folder"
}

build() {
  need build
  local folder
  folder=$(configure release)
  build_in "$folder" "$@"
}

# What tests meet besides the programs; a toolchain may come from anywhere.
test_packages() {
  local pair wanted
  mapfile -t wanted < <(names test 2)
  for pair in go:golang-go node:nodejs npm:npm java:default-jdk-headless; do
    command -v "${pair%%:*}" >/dev/null || wanted+=("${pair#*:}")
  done
  want "${wanted[@]}"
}

run_tests() {
  local filter=${1:-}
  need build python
  test_packages
  build all
  python_environment
  ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)" ${filter:+-R "$filter"} || { [ -n "$filter" ] || exit 1; }
  # Many tests wait more than they compute. A file stays in one process: its tests share what they fetch and build.
  local options=(-p no:cacheprovider --no-header -n "$(nproc)" --dist loadfile)
  [ -z "$filter" ] || options+=(-k "$filter")
  local status=0
  "$test_python" -m pytest "${options[@]}" test || status=$?
  # 5: the filter chose unit tests only.
  [ "$status" -eq 0 ] || { [ "$status" -eq 5 ] && [ -n "$filter" ]; } || exit "$status"
}

run_try() {
  build sortie s3cli_program
  cmake -S examples/blobstore -B build/examples/blobstore -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_COMPILER=clang++-19 >/dev/null
  build_in build/examples/blobstore
  local run=(build/bin/sortie run build/examples/blobstore/blobstore_test --asset build/bin/s3cli
    --env BUCKET=sortie-blobstore-example)
  local status
  echo
  echo "== The suite under a role that allows what it needs =="
  status=0; "${run[@]}" --role-policy examples/blobstore/allow.json || status=$?
  [ "$status" -eq 0 ] || { echo "error: expected exit status 0, got $status" >&2; exit 1; }
  echo "exit status $status"
  echo
  echo "== The same suite under a role without s3:PutObject =="
  status=0; "${run[@]}" --role-policy examples/blobstore/deny-put.json || status=$?
  [ "$status" -eq 1 ] || { echo "error: expected exit status 1, got $status" >&2; exit 1; }
  echo "exit status $status"
  cat <<'END'

You saw a compiled GoogleTest suite run twice inside a Lambda function of the embedded AWS, without an AWS account.
Each time the program under test, s3cli, took its keys from the function's IAM role and called S3 by its real name.
The first role allowed it: all passed, exit 0. The second lacked s3:PutObject: AWS's own AccessDenied sentence, exit 1.
END
}

run_check() {
  need build check
  git ls-files '*.cc' '*.h' | xargs clang-format-19 --dry-run --Werror
  python3 checks/includes.py
  python3 checks/sizes.py
  python3 checks/docs_width.py
  configure release >/dev/null
  # clang-tidy reads the sources as they are compiled: with the precompiled headers.
  ninja -C build -t targets all | sed -n 's/: .*//; /\.pch$/p' | xargs ninja -C build --quiet
  python3 checks/tidy.py "$@"
}

sanitized() {
  local preset=$1; shift
  need build sanitizer
  local folder
  folder=$(configure "$preset")
  local targets=()
  if [ $# -gt 0 ]; then targets=("$@"); else targets=(unit_tests); fi
  build_in "$folder" "${targets[@]}"
  local expression=""
  [ $# -eq 0 ] || expression="^($(IFS='|'; echo "${*%_test}"))$"
  ctest --test-dir "$folder" --output-on-failure --no-tests=error ${expression:+-R "$expression"}
}

run_fuzz() {
  need build sanitizer
  if [ $# -eq 0 ]; then
    for file in fuzz/*_fuzz.cc; do basename "$file" _fuzz.cc; done
    exit 0
  fi
  [ -f "fuzz/$1_fuzz.cc" ] || { echo "error: no fuzz target $1; ./do fuzz names them" >&2; exit 2; }
  [ -f build-fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
  build_in build-fuzz "$1_fuzz"
  mkdir -p "build-fuzz/corpus/$1"
  "build-fuzz/bin/$1_fuzz" -max_total_time="${2:-60}" -timeout=10 -rss_limit_mb=2048 "build-fuzz/corpus/$1"
}

command=${1:-}
[ $# -eq 0 ] || shift
case "$command" in
  try) run_try ;;
  test) run_tests "$@" ;;
  setup) need build python check sanitizer bench; test_packages; python_environment ;;
  build) build sortie s3cli_program ;;
  asan) sanitized asan "$@" ;;
  tsan) if [ $# -gt 0 ]; then sanitized tsan "$@"; else sanitized tsan base_test http_test; fi ;;
  fmt) need check; git ls-files '*.cc' '*.h' | xargs clang-format-19 -i ;;
  check) run_check "$@" ;;
  bench) need build bench; build sortie s3cli_program benchmarks; bench/run ;;
  fuzz) run_fuzz "$@" ;;
  *) usage; [ -z "$command" ] || [ "$command" = help ] || exit 2 ;;
esac
