# Emulators and a compiler for another processor, for native/check.sh: what is installed, else
# Debian's packages, unpacked under build/, which takes no rights.
fetched=$PWD/build/native/fetched
sources=() # apt-get's, if not the system's
export LD_LIBRARY_PATH=$fetched/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

# A package and what it needs that is not installed.
fetch() {
  local package here
  here=(-qq -y -o Dir::State::Lists="$fetched/lists" -o Dir::Cache="$fetched/cache"
    -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Acquire::Retries=3 "${sources[@]}")
  mkdir -p "$fetched"/{lists,cache/archives}/partial
  apt-get "${here[@]}" update &&
    apt-get "${here[@]}" --no-install-recommends --download-only install "$1" &&
    for package in "$fetched"/cache/archives/*.deb; do
      dpkg-deb -x "$package" "$fetched"
    done && rm -rf "$fetched"/{lists,cache}
}

# qemu of one kind of processor, 8 or newer, as it is tested with: Debian 12 has one among its
# backports.
emulator_of() {
  installed_emulator "$1" || { fetch_emulator >&2 && installed_emulator "$1"; }
}

installed_emulator() {
  local found version
  for found in "qemu-$1" "qemu-$1-static" "$fetched/usr/bin/qemu-$1-static"; do
    version=$("$found" --version 2>/dev/null | sed -n 's/^qemu.* version \([0-9]*\).*/\1/p') || true
    if [ "${version:-0}" -ge 8 ]; then
      command -v "$found"
      return
    fi
  done
  return 1
}

fetch_emulator() {
  local sources=()
  if grep -q bookworm /etc/os-release; then
    mkdir -p "$fetched"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
      "http://deb.debian.org/debian bookworm-backports main" > "$fetched/backports.list"
    sources=(-o Dir::Etc::sourcelist="$fetched/backports.list" -o Dir::Etc::sourceparts=-)
  fi
  fetch qemu-user-static
}

compiler_for_arm64() {
  installed_compiler || { fetch g++-aarch64-linux-gnu >&2 && installed_compiler; }
}

installed_compiler() {
  command -v aarch64-linux-gnu-g++ || command -v "$fetched/usr/bin/aarch64-linux-gnu-g++"
}
