#!/usr/bin/env bash
# Everyday commands; see usage below. Works on a fresh Debian 12, as root or with sudo.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'END'
./do try            install what is missing, build, run the main job on the embedded AWS
./do test [FILTER]  install what is missing, build, run every test (or those whose name contains FILTER)
./do setup          install what building and testing needs (Debian packages)
./do build          build the programs into build/bin/
./do asan           unit tests under the address and undefined-behaviour sanitizers
./do tsan           unit tests of what meets threads under the thread sanitizer
./do fmt            format the sources
./do check          format, clang-tidy, include table, file sizes
./do bench          benchmarks, as ratios against what one would run otherwise
./do fuzz TARGET [SECONDS]   fuzz one parser (no TARGET: names them)
END
}

build_packages=(
  clang-19 lld-19 cmake ninja-build libboost1.81-dev libboost-json1.81-dev libssl-dev libsqlite3-dev libsqlitecpp-dev
  libpugixml-dev libyaml-cpp-dev libtomlplusplus-dev libcli11-dev libfmt-dev libminizip-dev libdeflate-dev
  libseccomp-dev zlib1g-dev libgtest-dev libbenchmark-dev libcurl4-openssl-dev ca-certificates
)
test_packages=(python3-pytest python3-boto3 awscli bubblewrap curl file rclone s3cmd zip)
check_packages=(clang-format-19 clang-tidy-19 python3)
sanitizer_packages=(libclang-rt-19-dev llvm-19)
bench_packages=(bubblewrap)

# Installs those of the named packages that are not there.
need() {
  local missing=() name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "error: missing packages: ${missing[*]}; run as root, or install sudo" >&2; exit 2; }
    as_root=(sudo)
  fi
  echo "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# configure PRESET: makes the build folder once; ninja does the rest.
configure() {
  local folder=build
  [ "$1" = release ] || folder=build-$1
  [ -f "$folder/build.ninja" ] || cmake --preset "$1" >/dev/null
  echo "$folder"
}

build() {
  need "${build_packages[@]}"
  local folder
  folder=$(configure release)
  ninja -C "$folder" --quiet "$@"
}

# The Python that can run the black-box tests: one with pytest, Debian's otherwise.
test_python() {
  if python3 -c 'import pytest, boto3' 2>/dev/null; then echo python3; else echo /usr/bin/python3; fi
}

run_tests() {
  local filter=${1:-}
  need "${build_packages[@]}" "${test_packages[@]}"
  command -v go >/dev/null || need golang-go  # for the suites in Go; any toolchain will do
  build all
  ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)" ${filter:+-R "$filter"} || { [ -n "$filter" ] || exit 1; }
  local options=(-q -rs -p no:cacheprovider)
  [ -z "$filter" ] || options+=(-k "$filter")
  local status=0
  "$(test_python)" -m pytest "${options[@]}" test || status=$?
  # 5: the filter chose unit tests only.
  [ "$status" -eq 0 ] || { [ "$status" -eq 5 ] && [ -n "$filter" ]; } || exit "$status"
}

run_try() {
  build sortie s3cli_program
  cmake -S examples/blobstore -B build/examples/blobstore -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_COMPILER=clang++-19 >/dev/null
  ninja -C build/examples/blobstore --quiet
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
  need "${build_packages[@]}" "${check_packages[@]}"
  git ls-files '*.cc' '*.h' | xargs clang-format-19 --dry-run --Werror
  python3 checks/includes.py
  python3 checks/sizes.py
  configure release >/dev/null
  # clang-tidy reads the sources as they are compiled: with the precompiled headers.
  ninja -C build -t targets all | sed -n 's/: .*//; /\.pch$/p' | xargs ninja -C build --quiet
  python3 checks/tidy.py "$@"
}

sanitized() {
  local preset=$1; shift
  need "${build_packages[@]}" "${sanitizer_packages[@]}"
  local folder
  folder=$(configure "$preset")
  local targets=()
  if [ $# -gt 0 ]; then targets=("$@"); else targets=(unit_tests); fi
  ninja -C "$folder" --quiet "${targets[@]}"
  local expression=""
  [ $# -eq 0 ] || expression="^($(IFS='|'; echo "${*%_test}"))$"
  ctest --test-dir "$folder" --output-on-failure --no-tests=error ${expression:+-R "$expression"}
}

run_fuzz() {
  need "${build_packages[@]}" "${sanitizer_packages[@]}"
  if [ $# -eq 0 ]; then
    for file in fuzz/*_fuzz.cc; do basename "$file" _fuzz.cc; done
    exit 0
  fi
  [ -f "fuzz/$1_fuzz.cc" ] || { echo "error: no fuzz target $1; ./do fuzz names them" >&2; exit 2; }
  [ -f build-fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
  ninja -C build-fuzz --quiet "$1_fuzz"
  mkdir -p "build-fuzz/corpus/$1"
  "build-fuzz/bin/$1_fuzz" -max_total_time="${2:-60}" -timeout=10 -rss_limit_mb=2048 "build-fuzz/corpus/$1"
}

command=${1:-}
[ $# -eq 0 ] || shift
case "$command" in
  try) run_try ;;
  test) run_tests "$@" ;;
  setup) need "${build_packages[@]}" "${test_packages[@]}" "${check_packages[@]}" "${sanitizer_packages[@]}" "${bench_packages[@]}" ;;
  build) build sortie s3cli_program ;;
  asan) sanitized asan "$@" ;;
  tsan) if [ $# -gt 0 ]; then sanitized tsan "$@"; else sanitized tsan base_test http_test; fi ;;
  fmt) need clang-format-19; git ls-files '*.cc' '*.h' | xargs clang-format-19 -i ;;
  check) run_check "$@" ;;
  bench) need "${build_packages[@]}" "${bench_packages[@]}"; build sortie s3cli_program benchmarks; bench/run ;;
  fuzz) run_fuzz "$@" ;;
  *) usage; [ -z "$command" ] || [ "$command" = help ] || exit 2 ;;
esac
