#!/bin/sh
# Builds the suites that the tests run into OUT_DIR/{gtest,go,go_main,go_early,ginkgo1,ginkgo2,ginkgo-early,ginkgo-cases,plain,rust}/, as
# far as the toolchains are there: what is missing is said in a line that begins with "skipped" and left out.
# Usage: build.sh OUT_DIR
set -eu

if [ $# -ne 1 ]; then
  echo "usage: $0 OUT_DIR" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)

is_current() { # TARGET SOURCE...
  target=$1
  shift
  [ -e "$target" ] || return 1
  for source in "$@"; do
    [ "$target" -nt "$source" ] || return 1
  done
}

build_cpp() {
  cxx=""
  for candidate in "${CXX:-}" clang++-19 clang++ g++; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then
      cxx=$candidate
      break
    fi
  done
  if [ -z "$cxx" ]; then
    echo "skipped gtest and plain suites: no C++ compiler"
    return
  fi
  mkdir -p "$out/gtest" "$out/plain"
  for source in "$here"/gtest/*.cc; do
    name=$(basename "$source" .cc)
    target=$out/gtest/$name
    is_current "$target" "$source" && continue
    libraries="-lgtest_main -lgtest -pthread"
    if [ "$name" = missing_library ]; then
      echo 'extern "C" int from_the_missing_library() { return 1; }' >"$out/missing.cc"
      "$cxx" -shared -fPIC -o "$out/libsortie_test_missing.so" "$out/missing.cc"
      libraries="-L$out -lsortie_test_missing $libraries"
    fi
    # shellcheck disable=SC2086
    "$cxx" -std=c++20 -O1 -w -o "$target.new" "$source" $libraries
    mv "$target.new" "$target"
    rm -f "$out/missing.cc" "$out/libsortie_test_missing.so"
  done
  for source in "$here"/plain/*.cc; do
    target=$out/plain/$(basename "$source" .cc)
    is_current "$target" "$source" && continue
    "$cxx" -std=c++20 -O1 -o "$target.new" "$source"
    mv "$target.new" "$target"
  done
  cp -p "$here"/plain/*.sh "$out/plain/"
}

build_go() { # FOLDER [FLAG]
  if ! command -v go >/dev/null 2>&1; then
    echo "skipped $1 suite: no Go toolchain"
    return
  fi
  mkdir -p "$out/$1"
  target=$out/$1/$1.test
  is_current "$target" "$here/$1"/*_test.go "$here/$1/go.mod" && return
  if (cd "$here/$1" && CGO_ENABLED=0 go test -c -vet=off -mod=readonly ${2:+"$2"} -o "$target.new" . >"$out/$1.log" 2>&1); then
    mv "$target.new" "$target"
  else
    echo "skipped $1 suite: its modules or the build are not to be had: $(tail -n 1 "$out/$1.log")"
  fi
  rm -f "$out/$1.log"
}

build_go_packages() { # FOLDER: a binary for each package in it
  if ! command -v go >/dev/null 2>&1; then
    echo "skipped $1 suites: no Go toolchain"
    return
  fi
  mkdir -p "$out/$1"
  for source in "$here/$1"/*/suite_test.go; do
    name=$(basename "$(dirname "$source")")
    target=$out/$1/$name.test
    is_current "$target" "$source" "$here/$1/go.mod" && continue
    if (cd "$here/$1" && CGO_ENABLED=0 go test -c -vet=off -mod=readonly -o "$target.new" "./$name" >"$out/$1.log" 2>&1); then
      mv "$target.new" "$target"
    else
      echo "skipped $1/$name suite: its modules or the build are not to be had: $(tail -n 1 "$out/$1.log")"
    fi
    rm -f "$out/$1.log"
  done
}

build_rust() {
  if ! command -v rustc >/dev/null 2>&1; then
    echo "skipped rust suite: no Rust toolchain"
    return
  fi
  mkdir -p "$out/rust"
  is_current "$out/rust/nasty" "$here/rust/nasty.rs" && return
  rustc --test --edition 2021 -A warnings -o "$out/rust/nasty.new" "$here/rust/nasty.rs"
  mv "$out/rust/nasty.new" "$out/rust/nasty"
}

build_cpp
build_rust
build_go go
build_go go_main "-ldflags=-s -w"
build_go go_early
build_go ginkgo1
build_go ginkgo2
build_go ginkgo-early
build_go_packages ginkgo-cases
