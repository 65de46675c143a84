# Shared by run.sh and test.sh, which source it from the top directory: what is needed from the
# distribution, and how build directories come about. Everything it says goes to standard error, so
# that answers of the program stay alone on standard output.

# One package a word; "a|b" is fulfilled by either, and a is installed when both are missing.
PACKAGES_BUILD="gcc libc6-dev meson ninja-build pkgconf|pkg-config
  libsdl2-dev libsdl2-ttf-dev libsdl2-image-dev libfontconfig-dev|libfontconfig1-dev
  libopenblas-dev|libopenblas-pthread-dev zlib1g-dev libzip-dev libcjson-dev
  libsqlite3-dev libcurl4-openssl-dev|libcurl4-gnutls-dev libmd-dev
  protobuf-c-compiler libprotobuf-c-dev libonnx-dev gettext
  fonts-inter|fonts-inter-variable|fonts-dejavu-core
  fonts-droid-fallback|fonts-noto-cjk|fonts-wqy-microhei"
PACKAGES_TEST="libcmocka-dev python3 binutils xvfb xauth xdotool imagemagick
  libonnx-testdata python3-onnx python3-protobuf python3-xlib"

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

is_debian() {
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null
}

# The packages of "$@" (alternatives allowed) that are not installed.
missing_packages() {
  local installed wanted name found
  installed=" $(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null |
    sed -n 's/^installed //p' | tr '\n' ' ') "
  for wanted in "$@"; do
    found=
    for name in ${wanted//|/ }; do
      case "$installed" in *" $name "*) found=1 ;; esac
    done
    [ -n "$found" ] || printf '%s ' "${wanted%%|*}"
  done
}

# Of each word the first name that this release of the distribution has; nothing where it has none.
known_names() {
  local wanted name
  for wanted in "$@"; do
    for name in ${wanted//|/ }; do
      if apt-cache show --no-all-versions "$name" >/dev/null 2>&1; then
        printf '%s ' "$name"
        continue 2
      fi
    done
  done
}

install_packages() { # "$@": words as above, none of them installed
  local root='' names
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      say "Some packages are missing, and neither root nor sudo is at hand to install them:"
      say "  apt-get install --no-install-recommends $*"
      say "Going on without them."
      return 0
    fi
    root=sudo
  fi
  names=$(known_names "$@")
  # An old list of packages knows fewer names, or versions that are gone.
  # shellcheck disable=SC2086  # words on purpose
  if [ "$(wc -w <<<"$names")" -lt $# ] || ! try_install $names; then
    say "Reading the list of packages (apt-get update)."
    $root apt-get -q update >&2 || say "apt-get update failed; trying with what is there."
    names=$(known_names "$@")
    [ "$(wc -w <<<"$names")" -eq $# ] ||
      say "This release does not have all of: $*. Going on without what it lacks."
    # shellcheck disable=SC2086
    [ -z "$names" ] || try_install $names ||
      die "These packages could not be installed: $names. apt-get says above what is wrong."
  fi
}

try_install() {
  say "Installing packages: $*"
  apt_install "$@"
}

apt_install() {
  $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o Dpkg::Use-Pty=0 install --no-install-recommends "$@" >&2
}

# need_packages NAME WORDS...: makes sure, once: a stamp in build/ remembers it.
need_packages() {
  local stamp="build/.packages-$1" word missing wanted=
  shift
  [ "$stamp" -nt scripts/setup.sh ] && return 0
  mkdir -p build
  if is_debian; then
    missing=" $(missing_packages "$@")"
    for word in "$@"; do # back to the words with their alternatives
      case "$missing" in *" ${word%%|*} "*) wanted="$wanted $word" ;; esac
    done
    # shellcheck disable=SC2086
    [ -z "$wanted" ] || { set -f; install_packages $wanted; set +f; }
  else
    say "This is neither Debian nor Ubuntu, so nothing is installed. What is needed, by the names"
    say "that Debian has for it:"
    for word in "$@"; do say "  ${word%%|*}"; done
  fi
  PACKAGES_CHANGED=1
  STAMPS="${STAMPS:-} $stamp"
}

# Called when the build has been configured, which proves that what is needed is there.
stamp_packages() {
  local stamp
  for stamp in ${STAMPS:-}; do touch "$stamp"; done
}

# configure DIRECTORY OPTIONS...: once, and again when packages have come since.
configure() {
  local directory=$1
  shift
  command -v meson >/dev/null || die "meson is missing: install meson and ninja."
  if [ ! -f "$directory/build.ninja" ]; then
    meson setup "$directory" "$@" >&2 || die "The build could not be configured; see above."
  elif [ -n "${PACKAGES_CHANGED:-}" ] || [ "$*" != "$(cat "$directory/options" 2>/dev/null)" ]; then
    meson setup --reconfigure "$directory" "$@" >&2 ||
      die "The build could not be configured; see above."
  fi
  printf '%s\n' "$*" >"$directory/options"
}

# compile DIRECTORY TARGETS...: says nothing when there is nothing to do.
compile() {
  local directory=$1
  shift
  case "$(ninja -C "$directory" -n "$@" 2>/dev/null)" in
    *"no work to do"*) ;;
    *) ninja -C "$directory" "$@" >&2 || die "The program could not be compiled; see above." ;;
  esac
}
