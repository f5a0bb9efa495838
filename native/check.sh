#!/usr/bin/env bash
# Checks the C++ core by itself; `make native` calls it once Elman is installed.
#
#   native/check.sh PYTHON     an environment's interpreter, with cmake, ctest and ninja beside it
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
PATH=$(cd "$(dirname "$python")" && pwd):$PATH
. native/emulation.sh

run_drivers() { # BUILD SECONDS: the time limit of each
  ctest --test-dir "$1" --parallel 2 --timeout "$2" --output-on-failure --no-tests=error
}

build_drivers() { # NAME OPTION...
  cmake -S . -B "build/native/$1" -G Ninja --log-level=WARNING \
    -DELMAN_PYTHON_MODULE=OFF -DELMAN_NATIVE_TESTS=ON -DELMAN_WERROR=ON "${@:2}"
  cmake --build "build/native/$1"
}

# The drivers that were built beside the module, from the same objects.
check_installed() {
  "$python" - <<'PYTHON'
import os
import sys

from elman import _native

size = os.path.getsize(_native.__file__)
print(f"the module has {size:,} bytes")
sys.exit(size > 5_000_000 and "FAILED: at most 5 MB are wanted")
PYTHON
  module_build=$(dirname "$(ls -t build/*/elman_kernels_test | head -n 1)")
  run_drivers "$module_build" 120
}

check_sanitized() { # NAME SANITIZERS
  build_drivers "$1" -DELMAN_SANITIZE="$2"
  run_drivers "build/native/$1" 120
}

# A processor must be offered the levels that it has and no other.
check_offered() { # PROCESSOR LEVEL...
  local processor=$1 offered
  shift
  offered=$("$emulator" -cpu "$processor" "$python" -c \
    'from elman import _native; print(*_native.available_isas())')
  if [ "$offered" != "$*" ]; then
    echo "FAILED: $processor was offered $offered, not $*"
    return 1
  fi
}

# The drivers that a processor runs: the module's own objects, without meeting an instruction that
# it lacks. Those of the levels that it lacks must say so. (The sanitized ones have run every level
# that this machine has; emulated they would take minutes and find the same.)
emulated_drivers() { # PROCESSOR LEVEL...
  local processor=$1 driver wanted
  shift
  for driver in kernels tapes parallel portable activations_{portable,avx2,avx512}; do
    wanted=0
    if [[ $driver == activations_* && " $* " != *" ${driver#activations_} "* ]]; then
      wanted=77
    fi
    echo "$processor" "$module_build" "$driver" "$wanted"
  done
}

run_emulated() { # PROCESSOR BUILD DRIVER CODE
  local code=0 said
  said=$(timeout 900 \
    "$emulator" -cpu "$1" "$2/elman_$3_test" emulated 2>&1) || code=$?
  printf '== %s, %s, %s\n%s\n' "$1" "$2" "$3" "$said"
  if [ $code != "$4" ]; then
    echo "FAILED: $2, $3 on $1 ended with $code, not $4"
    return 1
  fi
}

# As many drivers at once as there are processors, those that take longest first.
check_older_processors() {
  check_offered Haswell-noTSX portable avx2
  check_offered Nehalem portable
  export -f run_emulated
  export emulator
  { emulated_drivers Haswell-noTSX portable avx2 && emulated_drivers Nehalem portable; } |
    xargs -L 1 -P "$(nproc)" bash -c 'run_emulated "$@"' _
}

# Linked statically: the C library of an unpacked compiler is not where it expects to be.
check_arm64() {
  build_drivers arm64 -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_EXE_LINKER_FLAGS=-static \
    -DCMAKE_CROSSCOMPILING_EMULATOR="$emulator"
  run_drivers build/native/arm64 900
}

echo "== C++ drivers, the module's own objects"
check_installed
echo "== C++ drivers under AddressSanitizer and UndefinedBehaviorSanitizer"
check_sanitized address address,undefined
echo "== C++ drivers under ThreadSanitizer"
check_sanitized thread thread

echo "== C++ drivers, the module's own objects, on emulated older processors"
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "NOT RUN: they are those of x86-64, under Linux"
elif emulator=$(emulator_of x86_64); then
  check_older_processors
else
  echo "NOT RUN: qemu 8 or newer was neither installed nor to be had from Debian's packages"
fi

echo "== C++ drivers on emulated arm64"
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "NOT RUN: from Linux on x86-64 only; on arm64 the drivers above were its own"
elif emulator=$(emulator_of aarch64) && compiler=$(compiler_for_arm64); then
  check_arm64
else
  echo "NOT RUN: qemu 8 or newer, or g++-aarch64-linux-gnu, was neither installed nor to be had from" \
    "Debian's packages"
fi
