# Installs what setup/packages.txt names. Sourced by ./do; everything or nothing is installed, and a refusal is one sentence.

# fail SENTENCE...: the one way in which setting up ends early.
fail() {
  printf '%s\n' "error: $1" "${@:2}" >&2
  exit 2
}

# What /etc/os-release calls this system.
distribution() {
  (. /etc/os-release 2>/dev/null && echo "${PRETTY_NAME:-}") | grep . || uname -s
}

# names GROUP... COLUMN: the entries of these groups, each once. Column 2 is Debian's, 3 is Fedora's.
names() {
  local column=${!#}
  awk -v groups=" ${*:1:$#-1} " -v column="$column" \
    '!/^#/ && NF && index(groups, " " $1 " ") && $column != "-" && !seen[$column]++ { print $column }' setup/packages.txt
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# missing_of ENTRY...: those entries of which no alternative is installed.
missing_of() {
  local entry name
  for entry in "$@"; do
    for name in ${entry//|/ }; do
      if is_installed "$name"; then continue 2; fi
    done
    echo "$entry"
  done
}

# Fills as_root: what comes before a command that only root may run.
become_root() {
  as_root=()
  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo >/dev/null || { refusal="these packages are missing and only root may install them; run as root, or install sudo"; return 1; }
  as_root=(sudo)
  sudo -n env true 2>/dev/null && return
  # Without a terminal nobody can type the password.
  [ -t 0 ] && sudo -v && return
  refusal="these packages are missing, and sudo does not let $(id -un) install them"
  return 1
}

# first_available ENTRY: the first alternative that apt can install.
first_available() {
  local name
  for name in ${1//|/ }; do
    [[ $(LC_ALL=C apt-cache policy "$name" 2>/dev/null) =~ "Candidate: "[^\(] ]] && { echo "$name"; return; }
  done
  return 1
}

# apt_install ENTRY...: on failure says why in `refusal` and has changed nothing but the lists of packages. What the distribution does not
# have is named in `unavailable`; with `optional=yes` the rest is installed, otherwise nothing.
apt_install() {
  local entry name chosen=()
  unavailable=() refusal=""
  become_root || return 1
  local log
  log=$(mktemp)
  echo "reading the lists of packages"
  LC_ALL=C "${as_root[@]}" apt-get update -q -o DPkg::Lock::Timeout=120 >"$log" 2>&1 || true
  for entry in "$@"; do
    if name=$(first_available "$entry"); then chosen+=("$name"); else unavailable+=("$entry"); fi
  done
  local complaint
  complaint=$(grep -m 1 '^[EW]: ' "$log" || true)
  if [ ${#unavailable[@]} -gt 0 ] && [ "${optional:-}" != yes ]; then
    if [ -n "$complaint" ]; then
      refusal="apt cannot read its lists of packages: $complaint"
    else
      refusal="$(distribution) has no ${unavailable[*]//|/ or }; Debian 12, Debian 13 and Ubuntu 24.04 have all that is needed"
    fi
    rm -f "$log"
    return 1
  fi
  [ ${#chosen[@]} -gt 0 ] || { rm -f "$log"; return 0; }
  echo "installing ${chosen[*]}"
  # --no-remove: what is there stays; a conflict is an answer, not a reason to take something away.
  local apt=("${as_root[@]}" env LC_ALL=C DEBIAN_FRONTEND=noninteractive)
  if ! "${apt[@]}" apt-get install -y -q --no-install-recommends --no-remove \
      -o DPkg::Lock::Timeout=120 -o APT::Status-Fd=1 -o Dpkg::Use-Pty=0 "${chosen[@]}" 2>"$log" | package_progress &&
      # Debian 12's Java certificates are configured before the Java that they run; the second time it is there.
      ! { grep -q 'dpkg returned an error' "$log" && "${apt[@]}" dpkg --configure -a >>"$log" 2>&1; }; then
    refusal="apt-get cannot install them: $(grep -m 1 '^E:' "$log" || tail -n 1 "$log")"
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# Where there is no apt: what is missing is said, by Fedora's names where rpm can be asked, and nothing is installed.
explain_without_apt() {
  local entry name tool missing=()
  local remedy="Or build in a container of Debian 13: the programs are static and run here as they are."
  if command -v rpm >/dev/null; then
    for entry in $(names "$@" 3); do
      for name in ${entry//|/ }; do
        if rpm -q --quiet --whatprovides "$name" 2>/dev/null; then continue 2; fi
      done
      missing+=("${entry%%|*}")
    done
    [ ${#missing[@]} -eq 0 ] && return
    fail "this is $(distribution), where ./do installs nothing; by Fedora's names these are missing: ${missing[*]}" \
      "Install them (dnf install ${missing[*]}) and run ./do again." "$remedy"
  fi
  for tool in clang++-19 cmake ninja; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} -eq 0 ] && return  # CMake names the libraries that it does not find.
  fail "this is $(distribution), where ./do knows no package manager; these are missing: ${missing[*]}" \
    "./do installs what it needs on Debian 12, Debian 13 and Ubuntu 24.04." "$remedy"
}

has_apt() {
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null
}

# need GROUP...: what these groups name is there afterwards, or the script ends with the reason.
need() {
  has_apt || { explain_without_apt "$@"; return; }
  local missing
  mapfile -t missing < <(missing_of $(names "$@" 2))
  [ ${#missing[@]} -gt 0 ] || return 0
  apt_install "${missing[@]}" || fail "$refusal" "missing: ${missing[*]//|/ or }"
}

# want ENTRY...: the same, but what is not to be had is said and done without.
want() {
  has_apt || return 0
  local missing
  mapfile -t missing < <(missing_of "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  optional=yes apt_install "${missing[@]}" || { echo "note: going on without ${missing[*]//|/ or }: $refusal" >&2; return 0; }
  [ ${#unavailable[@]} -eq 0 ] || echo "note: $(distribution) has no ${unavailable[*]//|/ or }; tests that need it are skipped" >&2
}
