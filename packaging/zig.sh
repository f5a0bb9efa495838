#!/bin/sh
# Zig's compiler as one for a glibc of 2014, so that a wheel built on any Linux runs on all of them:
# `CXX=packaging/zig.sh`. PYTHON has the package `ziglang`; ZIG_TARGET is another processor, as
# aarch64-linux-gnu.2.17. Zig spells an architecture in its own way, does not read <stdio.h> where
# nanobind expects it, and with it has set what Python's headers set once more.
for word; do
  shift
  case "$word" in -march=x86-64) word=-march=x86_64 ;; esac
  set -- "$@" "$word"
done
exec "${PYTHON:-python3}" -m ziglang c++ -target "${ZIG_TARGET:-$(uname -m)-linux-gnu.2.17}" \
  -include stdio.h -Wno-macro-redefined "$@"
