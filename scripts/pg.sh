#!/usr/bin/env bash
# A real PostgreSQL 17 with pgvector, for tests and benchmarks, from Debian's packages.
#
#   scripts/pg.sh install [ROOT]                     get the server; ROOT/bin has its programs (default .cache/pg)
#   scripts/pg.sh start ROOT DATA [PORT] [fsync]     start on 127.0.0.1 (without PORT, or with 0: a free one), print the URL
#   scripts/pg.sh stop ROOT DATA
#
# The URL is that of a role that is no superuser and owns its database, as on a hosted PostgreSQL: row security must
# hold for it. fsync is off unless asked for: tests do not need it, benchmarks and kill tests do. There are no
# passwords; whoever can reach the loopback device can connect.
set -euo pipefail

VERSION=17
SUITE=trixie # the Debian release that has it
PACKAGES=("postgresql-$VERSION" "postgresql-client-$VERSION" "postgresql-$VERSION-pgvector")
HOST_BIN=/usr/lib/postgresql/$VERSION/bin
export DEBIAN_FRONTEND=noninteractive

fail() {
  echo "pg.sh: $*" >&2
  exit 1
}

# PostgreSQL refuses to run as root, so root lends it another user.
server_user() { if getent passwd postgres >/dev/null; then echo postgres; else echo nobody; fi; }
as_server() {
  if [ "$(id -u)" != 0 ]; then "$@"; return; fi
  local user
  user=$(server_user)
  (cd / && exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME=/tmp "$@")
}

host_has_it() { [ -x "$HOST_BIN/postgres" ] && [ -e "/usr/share/postgresql/$VERSION/extension/vector.control" ]; }

apt_has_it() { # true if the release this machine runs has all packages
  local package
  for package in "${PACKAGES[@]}"; do
    apt-cache policy "$package" | grep -q 'Candidate: [0-9]' || return 1
  done
}

# The host's own packages. Debian would make a cluster and start it on 5432: nobody asked for that one.
install_on_host() {
  mkdir -p /etc/postgresql-common/createcluster.d
  echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/synap.conf
  apt-get install -qq -y --no-install-recommends "${PACKAGES[@]}" >&2
}

# The packages of another Debian release, unpacked into a folder; each program runs with that release's own loader and
# libraries, so that nothing on the host changes.
install_in_folder() {
  local root=$1 work codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now, not of then
  trap "rm -rf '$work'" EXIT
  mkdir -p "$work"/{lists/partial,cache/archives/partial,debs}
  : >"$work/status"

  # The mirrors apt knows here, with the other release's name.
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sort -u |
    awk -v from="$codename" -v to="$SUITE" '
      $2 == from || $2 == from "-updates" || $2 == from "-security" {
        sub(from, to, $2)
        print "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " $1 " " $2 " main"
      }' >"$work/sources.list"
  [ -s "$work/sources.list" ] || fail "apt has no Debian mirror here, so there is nowhere to get PostgreSQL $VERSION from"

  # An empty status file: the dependencies are computed as if nothing were installed.
  local apt=(apt-get -q -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
    -o "Dir::Cache=$work/cache" -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o APT::Install-Recommends=false
    -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
  "${apt[@]}" update >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "apt-get update for $SUITE failed"; }

  # Servers, clients and shared libraries; not the JIT compiler, Perl and the rest of a system.
  "${apt[@]}" -s install "${PACKAGES[@]}" | awk '$1 == "Inst" { print $2 }' |
    grep -E "^(postgresql-(client-)?$VERSION(-pgvector)?|lib.*|zlib1g)$" | grep -Ev '^lib(llvm|z3|perl)' >"$work/wanted"
  (cd "$work/debs" && xargs "${apt[@]}" download <"$work/wanted") >>"$work/log" 2>&1 ||
    { cat "$work/log" >&2; fail 'the download failed'; }
  local deb
  for deb in "$work"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --no-same-owner \
      --exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/locale*' \
      --exclude='*/bitcode' --exclude='*llvmjit*'
  done

  # `--argv0` keeps the wrapper's path, from which PostgreSQL finds its other files.
  local bin="$root$HOST_BIN" loader program
  loader=$(find "$root/usr/lib" -name 'ld-linux-*.so.*' -type f | head -n 1)
  mkdir -p "$root/real"
  for program in "$bin"/*; do
    mv "$program" "$root/real/"
    cat >"$program" <<WRAPPER
#!/bin/sh
exec "$loader" --argv0 "\$0" --library-path "$(dirname "$loader")" "$root/real/$(basename "$program")" "\$@"
WRAPPER
    chmod 755 "$program"
  done
  chmod -R a+rX "$root"
  ln -sfn "$bin" "$root/bin"
}

install_() {
  local root
  root=$(realpath -m "${1:-.cache/pg}")
  if "$root/bin/postgres" --version >/dev/null 2>&1; then echo "$root"; return; fi
  if ! host_has_it; then
    [ "$(id -u)" = 0 ] || fail "PostgreSQL $VERSION with pgvector is missing; run this once as root, or install: ${PACKAGES[*]}"
    command -v apt-get >/dev/null || fail "this machine has no apt-get; install PostgreSQL $VERSION with pgvector yourself"
    apt-get update -qq >&2
  fi
  # A half-done installation of ours is begun anew; nothing else is ever deleted.
  if [ -e "$root/.synap-pg" ]; then rm -rf "$root"; fi
  [ -z "$(ls -A "$root" 2>/dev/null)" ] || fail "$root is not empty; choose a folder that is, or does not exist"
  mkdir -p "$root" && touch "$root/.synap-pg"
  if host_has_it || { apt_has_it && install_on_host; }; then ln -sfn "$HOST_BIN" "$root/bin"; else install_in_folder "$root"; fi
  "$root/bin/postgres" --version >&2
  echo "$root"
}

free_port() {
  local port
  for port in $(shuf -i 20000-29999 -n 50); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
  done
  fail 'no free port found'
}

start() {
  local bin data port=${3:-0} safety='-c fsync=off -c synchronous_commit=off -c full_page_writes=off'
  bin=$(realpath -m "$1")/bin data=$(realpath -m "$2")
  if [ "$port" = 0 ]; then port=$(free_port); fi
  if [ "${4:-}" = fsync ]; then safety='-c fsync=on'; fi
  [ -x "$bin/postgres" ] || fail "no PostgreSQL in $1; run: scripts/pg.sh install $1"
  mkdir -p "$data"
  if [ "$(id -u)" = 0 ]; then chown -R "$(server_user)" "$data"; fi
  chmod 700 "$data"
  as_server test -x "$bin/postgres" -a -w "$data" ||
    fail "the user $(server_user) cannot reach $bin or $data; choose folders outside of closed ones such as /root"

  if [ ! -e "$data/PG_VERSION" ]; then
    as_server "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C --locale-provider=builtin \
      --builtin-locale=C.UTF-8 --no-sync --no-instructions >&2
  fi
  # One line: pg_ctl hands it to a shell, which takes a line break for the end of the command.
  local options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 -c jit=off $safety"
  as_server "$bin/pg_ctl" -D "$data" -w -t 60 -l "$data/server.log" -o "$options" start >&2 ||
    { tail -n 20 "$data/server.log" >&2; exit 1; }

  # pgvector is no trusted extension: only a superuser can create it, so every new database gets it from the template.
  local psql=("$bin/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres)
  as_server "${psql[@]}" -d template1 >&2 <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vector;
SELECT 'CREATE ROLE synap_login LOGIN NOSUPERUSER CREATEDB CREATEROLE'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'synap_login') \gexec
SELECT 'CREATE DATABASE synap OWNER synap_login'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'synap') \gexec
SQL
  echo "postgres://synap_login@127.0.0.1:$port/synap"
}

case "${1:-}" in
  install) install_ "${2:-}" ;;
  start) [ $# -ge 3 ] || fail 'start needs ROOT and DATA'; shift; start "$@" ;;
  stop) [ $# -eq 3 ] || fail 'stop needs ROOT and DATA'; as_server "$(realpath "$2")/bin/pg_ctl" -D "$(realpath "$3")" -m fast -w stop >&2 ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
