#!/usr/bin/env bash
# Checks the C++ core by itself; `make native` calls it once Elman is installed.
#
#   native/check.sh PYTHON     an environment's interpreter, with cmake, ctest and ninja beside it
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
PATH=$(cd "$(dirname "$python")" && pwd):$PATH
emulator=build/native/emulator

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

# What Debian's packages hold, unpacked into a folder: that takes no rights.
fetch() { # FOLDER PACKAGE...
  local folder=$1 package
  shift
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  local here=(-qq -y -o Dir::State::Lists="$PWD/$folder/lists" -o Dir::Cache="$PWD/$folder/cache"
    -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Acquire::Retries=3 "${sources[@]}")
  apt-get "${here[@]}" update &&
    apt-get "${here[@]}" --no-install-recommends --download-only install "$@" &&
    for package in "$folder"/cache/archives/*.deb; do dpkg-deb -x "$package" "$folder"; done
  rm -rf "$folder/lists" "$folder/cache"
}
sources=()

# The sanitizers reserve more memory than an older one can keep account of.
recent_emulator() { # qemu's name of a processor
  local found
  for found in "qemu-$1" "qemu-$1-static" "$emulator/usr/bin/qemu-$1"; do
    version=$("$found" --version 2>/dev/null | sed -n 's/^qemu.* version \([0-9]*\).*/\1/p') || true
    if [ "${version:-0}" -ge 8 ]; then
      command -v "$found"
      return
    fi
  done
  return 1
}

# Debian 12 has a recent one among its backports.
fetch_emulator() {
  local release
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  if [ "$release" = bookworm ]; then
    mkdir -p "$emulator"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
      "http://deb.debian.org/debian bookworm-backports main" > "$emulator/backports.list"
    local sources=(-o Dir::Etc::sourcelist="$PWD/$emulator/backports.list" -o Dir::Etc::sourceparts=-)
  fi
  fetch "$emulator" qemu-user-static
}

# A processor must be offered the levels that it has and no other, and run them without meeting an
# instruction that it lacks. The drivers of the levels that it lacks must say so.
check_emulated() { # PROCESSOR LEVEL...
  local processor=$1 offered build driver level wanted code
  shift
  echo "-- $processor: $*"
  offered=$("$emulated" -cpu "$processor" "$python" -c \
    'from elman import _native; print(*_native.available_isas())')
  if [ "$offered" != "$*" ]; then
    echo "FAILED: it was offered $offered"
    return 1
  fi
  for build in "$module_build" build/native/address build/native/thread; do
    for driver in "$build"/elman_*_test; do
      wanted=0
      case $driver in
        *_activations_*)
          level=${driver##*_activations_}
          [[ " $* " == *" ${level%_test} "* ]] || wanted=77
          ;;
      esac
      code=0
      # LeakSanitizer traces its own process, which the emulator does not offer.
      ASAN_OPTIONS=detect_leaks=0 timeout 600 "$emulated" -cpu "$processor" "$driver" emulated ||
        code=$?
      if [ $code != $wanted ]; then
        echo "FAILED: $driver on $processor ended with $code, not $wanted"
        return 1
      fi
    done
  done
}

echo "== C++ drivers, the module's own objects"
check_installed
echo "== C++ drivers under AddressSanitizer and UndefinedBehaviorSanitizer"
check_sanitized address address,undefined
echo "== C++ drivers under ThreadSanitizer"
check_sanitized thread thread
echo "== C++ drivers, sanitized and not, on emulated processors"
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "NOT RUN: the emulated processors are those of x86-64, under Linux"
elif emulated=$(recent_emulator x86_64 || { fetch_emulator >&2 && recent_emulator x86_64; }); then
  check_emulated Nehalem generic > build/native/Nehalem.log 2>&1 &
  check_emulated Haswell generic avx2 && well=yes || well=no
  wait $! || well=no
  cat build/native/Nehalem.log
  [ $well = yes ]
else
  echo "NOT RUN: qemu 8 or newer was neither installed nor to be had from Debian's packages"
fi
