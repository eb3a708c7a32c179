# setup.sh -- installs what is missing and builds; sourced by demo.sh and test.sh, which set `needs` to
# the Debian packages they use. Works as root or through sudo, on Debian 12 and Ubuntu 24.04.
set -eu

build_needs="gcc libc6-dev make cmake pkg-config libhdf5-dev libhwloc-dev libcyaml-dev libyaml-dev libzstd-dev \
zlib1g-dev libxxhash-dev"
test_needs="git clang libomp-dev libclang-rt-dev python3-h5py python3-pandas python3-tables \
python3-scipy python3-networkx python3-igraph hdf5-tools zstd dieharder"

say() {
    printf '%s\n' "$*" >&2
}

# Names the packages of the list that are not installed.
missing_packages() {
    for package in "$@"; do
        state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
        case $state in ii*) ;; *) printf '%s ' "$package" ;; esac
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "this needs root or sudo: $*"
        exit 71
    fi
}

# install_missing LIST: installs, or with --no-install lists what it would install.
install_missing() {
    # shellcheck disable=SC2086
    missing=$(missing_packages $1)
    if [ -z "$missing" ]; then
        say "all packages are there"
    elif [ "$no_install" = 1 ]; then
        say "missing packages: $missing"
        exit 71
    else
        say "installing: $missing"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
        # shellcheck disable=SC2086
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            $missing >/dev/null
    fi
}

# build PRESET [TARGET]: configures and builds; quiet unless it fails.
build() {
    log=build/$1.log
    mkdir -p build
    say "building: $1"
    if ! { cmake --preset "$1" && cmake --build "build/$1" --target "${2:-all}" -j "$(nproc)"; } >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        say "building $1 failed; the whole log is $log"
        exit 1
    fi
}
