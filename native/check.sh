#!/usr/bin/env bash
# Checks the C++ core by itself; `make native` calls it once Elman is installed.
#
#   native/check.sh PYTHON     an environment's interpreter, with cmake, ctest and ninja beside it
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
PATH=$(cd "$(dirname "$python")" && pwd):$PATH
fetched=build/native/emulator

run_drivers() { # BUILD
  ctest --test-dir "$1" --parallel 2 --timeout 120 --output-on-failure --no-tests=error
}

# The drivers that were built beside the module, from the same objects.
check_installed() {
  module_build=$(dirname "$(ls -t build/*/elman_kernels_test | head -n 1)")
  run_drivers "$module_build"
}

check_sanitized() { # NAME SANITIZERS
  cmake -S . -B "build/native/$1" -G Ninja --log-level=WARNING -DELMAN_SANITIZE="$2" \
    -DELMAN_PYTHON_MODULE=OFF -DELMAN_NATIVE_TESTS=ON -DELMAN_WERROR=ON
  cmake --build "build/native/$1"
  run_drivers "build/native/$1"
}

find_emulator() {
  command -v qemu-x86_64 || command -v qemu-x86_64-static || ls $fetched/usr/bin/qemu-x86_64-static
}

# Debian's package, unpacked into the build folder: that takes no rights.
fetch_emulator() {
  mkdir -p $fetched/lists/partial
  (
    cd $fetched
    here=(-qq -o Dir::State::Lists="$PWD/lists" -o APT::Sandbox::User=root -o Acquire::Retries=3)
    apt-get "${here[@]}" update &&
      apt-get "${here[@]}" download qemu-user-static &&
      dpkg-deb --fsys-tarfile qemu-user-static_*.deb | tar -x ./usr/bin/qemu-x86_64-static
    rm -rf lists qemu-user-static_*.deb
  )
}

# An older processor must be offered the levels that it has and no other, and run them without
# meeting an instruction that it lacks.
check_emulated() { # PROCESSOR LEVEL...
  local processor=$1 offered driver
  shift
  echo "-- $processor: $*"
  offered=$("$emulator" -cpu "$processor" "$python" -c \
    'from elman import _native; print(*_native.available_isas())')
  if [ "$offered" != "$*" ]; then
    echo "FAILED: it was offered $offered"
    return 1
  fi
  for driver in kernels parallel "${@/#/activations_}"; do
    "$emulator" -cpu "$processor" "$module_build/elman_${driver}_test"
  done
}

echo "== C++ drivers, the module's own objects"
check_installed
echo "== C++ drivers under AddressSanitizer and UndefinedBehaviorSanitizer"
check_sanitized address address,undefined
echo "== C++ drivers under ThreadSanitizer"
check_sanitized thread thread
echo "== C++ drivers on emulated processors"
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "NOT RUN: the emulated processors are those of x86-64, under Linux"
elif emulator=$(find_emulator 2>/dev/null || { fetch_emulator >&2 && find_emulator; }); then
  check_emulated Nehalem generic
else
  echo "NOT RUN: qemu-x86_64 was neither installed nor to be had from Debian's packages"
fi
