# Shared by tools/demo, tools/check and bench: what is needed, the build, and a private
# throw-away server. Sourced by bash; docs/developing.md says how to use it.
#
# Everything lives in one folder, $WORK, made by mktemp under $TMPDIR or /tmp:
#   stage/  the staged installation     data/  the server's data directory
#   s/      its unix socket             src/   what the server's user must be able to read
# However the script ends, the servers in it are stopped and the folder is removed, unless
# KEEP_WORK is set. Who is root hands over to an unprivileged user, because initdb refuses
# root; $SERVER_USER is that user, empty when it is the caller.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WORK=
KEEP_WORK=
CHILD=
SERVER_USER=
NO_PARENT_MAKE=(env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES)
unset PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD PGSERVICE PGOPTIONS PGDATA PGTZ PGDATESTYLE
unset PGHOSTADDR PGSSLMODE PGCLIENTENCODING
export LC_ALL=C

on_failure() { :; } # scripts may say a last word
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
trap 'exit 141' PIPE

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# step TEXT COMMAND...: says what is done and how long it took; the command's output is
# shown only when it fails.
step()
{
	local text=$1 start=$EPOCHREALTIME log rc
	shift
	log=$(mktemp "$WORK/step.XXXXXX") || exit 1
	printf '%s ... ' "$text"
	if run_child "$@" >"$log" 2>&1; then
		seconds_since "$start"
		grep -A 4 "warning:" "$log"
		rm -f "$log"
		return 0
	else
		rc=$?
		say "failed"
		cat "$log" >&2
		return $rc
	fi
}

# For scripts that count cases: their sums, and the line that all of them end with.
passed=0 failed=0 skipped=0
last_word()
{
	local tail=
	[ $skipped = 0 ] || tail=", $skipped skipped"
	say "$passed passed, $failed failed$tail"
}

# add_count FILE: adds what that line of another script's output says, and sets COUNT to it.
add_count()
{
	COUNT=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$1" | tail -n 1)
	[[ $COUNT =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]] || return
	passed=$((passed + BASH_REMATCH[1]))
	failed=$((failed + BASH_REMATCH[2]))
	skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
}

seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s\n", b - a }'; }

# Runs a command in a process group of its own, so that a signal to this shell is acted on at
# once, not when the command is over, and ends all of the command.
run_child()
{
	local rc
	set -m
	"$@" </dev/null &
	CHILD=$!
	set +m
	[ -z "$WORK" ] || echo "$CHILD" >"$WORK/child"
	wait "$CHILD"
	rc=$?
	CHILD=
	return $rc
}

# ---------------------------------------------------------------------------------------
# What is needed

pg_major() { "$PG_CONFIG" --version 2>/dev/null | sed -n 's/^PostgreSQL \([0-9]*\).*/\1/p'; }

# Debian's server version to ask for: an installed one, else the one its default package names.
apt_major()
{
	local newest
	newest=$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -V | tail -n 1 |
		sed 's,^/usr/lib/postgresql/\([0-9]*\)/.*,\1,')
	[ -n "${PG_CONFIG:-}" ] && newest=$(pg_major)
	[ -n "$newest" ] || newest=$(apt-cache depends postgresql 2>/dev/null |
		sed -n 's/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1)
	echo "$newest"
}

# Names of what is missing for PURPOSE (demo, check), one a line, in words of our own.
missing_for()
{
	local config sharedir
	config=$(tools/find-pg-config) || echo server
	command -v "${CC:-cc}" >/dev/null || command -v gcc >/dev/null || echo compiler
	command -v make >/dev/null || echo make
	perl -MTime::HiRes -MTest::More -e 1 2>/dev/null || echo perl
	if [ "$1" = check ]; then
		perl -MIPC::Run -e 1 2>/dev/null || echo ipc-run
		sharedir=$([ -n "$config" ] && "$config" --sharedir 2>/dev/null)
		[ -f "$sharedir/extension/pgtap.control" ] || echo pgtap
	fi
}

# The one line that installs the named things here, by the package manager that is here.
install_line()
{
	local major names= by_hand=
	local -a words=("$@")
	has() { [[ " ${words[*]} " == *" $1 "* ]]; }
	if command -v apt-get >/dev/null; then
		major=$(apt_major)
		has server && names+=" postgresql-$major postgresql-server-dev-$major"
		has pgtap && names+=" postgresql-$major-pgtap"
		has ipc-run && names+=" libipc-run-perl"
		has compiler && names+=" gcc libc6-dev"
		has make && names+=" make"
		has perl && names+=" perl"
		echo "apt-get install -y --no-install-recommends$names"
	elif command -v dnf >/dev/null; then
		has server && names+=" postgresql-server postgresql-server-devel redhat-rpm-config"
		has pgtap && names+=" pgtap"
		has ipc-run && names+=" perl-IPC-Run"
		has compiler && names+=" gcc"
		has make && names+=" make"
		has perl && names+=" perl"
		echo "dnf install -y$names"
	elif command -v apk >/dev/null; then
		has server && names+=" postgresql postgresql-dev"
		has ipc-run && names+=" perl-ipc-run"
		has compiler && names+=" gcc musl-dev"
		has make && names+=" make"
		has perl && names+=" perl perl-utils"
		has pgtap && by_hand="   # and pgTAP from pgtap.org"
		echo "apk add$names$by_hand"
	elif command -v pacman >/dev/null; then
		has server && names+=" postgresql postgresql-libs"
		has ipc-run && names+=" perl-ipc-run"
		has compiler && names+=" gcc"
		has make && names+=" make"
		has perl && names+=" perl"
		has pgtap && by_hand="   # and pgTAP from pgtap.org"
		echo "pacman -S --needed$names$by_hand"
	elif command -v brew >/dev/null; then
		has server && names+=" postgresql@17"
		has pgtap && names+=" pgtap"
		has ipc-run && names+=" cpanminus && cpanm IPC::Run"
		echo "brew install$names"
	else
		echo "install with your package manager: $*"
	fi
}

# need PURPOSE: returns when all that PURPOSE needs is there; installs it where it may.
need()
{
	local -a missing
	local line start sudo=
	if [ -n "${PG_CONFIG:-}" ] && ! tools/find-pg-config >/dev/null; then
		die "PG_CONFIG=$PG_CONFIG: no PostgreSQL server with development files (PGXS) belongs to it"
	fi
	mapfile -t missing < <(missing_for "$1")
	if [ ${#missing[@]} -gt 0 ]; then
		[ "$(id -u)" = 0 ] || sudo="sudo "
		if command -v apt-get >/dev/null &&
			{ [ -z "$sudo" ] || sudo -n true 2>/dev/null; }; then
			say "missing: ${missing[*]}; installing"
			start=$EPOCHREALTIME
			${sudo}apt-get update -qq ||
				say "apt-get update failed; going on with the package lists that are here"
			line=$(install_line "${missing[@]}")
			say "$sudo$line"
			${sudo}env DEBIAN_FRONTEND=noninteractive $line -qq </dev/null >/dev/null ||
				die "this failed: $sudo$line"
			printf 'installed in '
			seconds_since "$start"
			mapfile -t missing < <(missing_for "$1")
		fi
		if [ ${#missing[@]} -gt 0 ]; then
			line=$(install_line "${missing[@]}")
			[[ $line == brew* ]] && sudo=
			say "missing: ${missing[*]}. This installs it:" >&2
			say "  $sudo$line" >&2
			exit 1
		fi
	fi
	PG_CONFIG=$(tools/find-pg-config) || die "no PostgreSQL with server development files: set PG_CONFIG"
	export PG_CONFIG
	[ "$(pg_major)" -ge 15 ] || die "PostgreSQL 15 or newer is needed; $PG_CONFIG is $("$PG_CONFIG" --version)"
	BINDIR=$("$PG_CONFIG" --bindir)
}

# ---------------------------------------------------------------------------------------
# The work folder and its end

# as_server COMMAND...: as the server's user, from inside $WORK.
as_server() { perl "$ROOT/tools/as-user.pl" "$SERVER_USER" "$WORK" "$@"; }

make_work()
{
	local base try
	if [ "$(id -u)" = 0 ]; then
		SERVER_USER=postgres
		id "$SERVER_USER" >/dev/null 2>&1 || SERVER_USER=nobody
	fi
	for base in "${TMPDIR:-/tmp}" /tmp; do
		try=$(mktemp -d "$base/crm_ext.XXXXXX") || continue
		WORK=$try
		[ -z "$SERVER_USER" ] || chown "$SERVER_USER:" "$WORK"
		# the path of a socket has 107 bytes at most; tests nest a little deeper
		if [ ${#WORK} -le 60 ] && as_server test -w "$WORK" 2>/dev/null; then
			break
		fi
		rm -rf "$WORK"
		WORK=
	done
	[ -n "$WORK" ] || die "no temporary folder that ${SERVER_USER:-this user} can use: set TMPDIR"
	mkdir "$WORK/s" "$WORK/t" "$WORK/src"
	own "$WORK/s" "$WORK/t" "$WORK/src"
	export TMPDIR=$WORK/t
	guard
}

own() { [ -z "$SERVER_USER" ] || chown -R "$SERVER_USER:" "$@"; }

# Should this shell be killed with no chance to clean up, this one does it.
guard()
{
	perl -MPOSIX=setsid -e 'setsid(); exec @ARGV' \
		bash -c 'while kill -0 "$1"; do [ -d "$2" ] || exit; sleep 1; done
			. "$3/tools/lib.sh"; WORK=$2
			kill -TERM -- "-$(cat "$WORK/child")"; remove_work' guard $$ "$WORK" "$ROOT" \
		</dev/null >/dev/null 2>&1 &
	GUARD=$!
	disown "$GUARD"
}

# Immediate shutdown of each server below $WORK, then the folder itself.
remove_work()
{
	local file pid i
	for file in $(find "$WORK" -name postmaster.pid -type f 2>/dev/null); do
		pid=$(head -n 1 "$file" 2>/dev/null)
		[ -n "$pid" ] || continue
		kill -QUIT "$pid" 2>/dev/null
		for ((i = 0; i < 200; i++)); do
			kill -0 "$pid" 2>/dev/null || continue 2
			sleep 0.05
		done
		kill -KILL "$pid" 2>/dev/null
	done
	for ((i = 0; i < 20; i++)); do
		rm -rf "$WORK" 2>/dev/null && break
		sleep 0.1
	done
}

finish()
{
	local rc=$? i
	trap '' INT TERM HUP PIPE
	trap - EXIT
	if [ -n "$CHILD" ] && kill -TERM -- "-$CHILD" 2>/dev/null; then
		for ((i = 0; i < 50; i++)); do
			kill -0 -- "-$CHILD" 2>/dev/null || break
			sleep 0.1
		done
		kill -KILL -- "-$CHILD" 2>/dev/null
	fi
	[ $rc = 0 ] || on_failure
	[ -n "${GUARD:-}" ] && kill "$GUARD" 2>/dev/null
	if [ -n "$WORK" ] && { [ -z "$KEEP_WORK" ] || [ $rc -ne 0 ]; }; then
		remove_work
	fi
	exit $rc
}

# ---------------------------------------------------------------------------------------
# Build, install into the stage, start

# copy_checkout FOLDER: the sources alone, without what was built.
copy_checkout()
{
	mkdir -p "$1" &&
		tar -C "$ROOT" --exclude=./.git --exclude=./build --exclude=node_modules --exclude='*.o' --exclude='*.bc' \
			--exclude='*.so' --exclude="./crm_ext--*.sql" -cf - . | tar -C "$1" -xof -
}

# The checkout is built in place by its owner; anybody else builds a copy, so that no
# foreign file is left in it.
build_dir()
{
	if [ -w "$ROOT" ] && [ -O "$ROOT" ]; then
		BUILD=$ROOT
	else
		BUILD=$WORK/build
		copy_checkout "$BUILD"
	fi
}

# Arguments are further goals or settings of make, BUILD_SETTINGS such for both calls.
build_and_stage()
{
	local jobs
	jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
	umask 022
	"${NO_PARENT_MAKE[@]}" make -C "$BUILD" -j"$jobs" PG_CONFIG="$PG_CONFIG" \
		${BUILD_SETTINGS:-} all "$@" &&
		"${NO_PARENT_MAKE[@]}" make -C "$BUILD" PG_CONFIG="$PG_CONFIG" \
			${BUILD_SETTINGS:-} DESTDIR="$WORK/stage" install &&
		own "$WORK/stage"
}

# The settings that let a server use the staged installation.
stage_settings()
{
	local known
	known=$("$BINDIR/postgres" --describe-config | cut -f 1)
	if grep -qx extension_control_path <<<"$known"; then
		echo "extension_control_path = '$WORK/stage$("$PG_CONFIG" --sharedir):\$system'"
	elif grep -qx extension_destdir <<<"$known"; then
		echo "extension_destdir = '$WORK/stage'"
	else
		die "this PostgreSQL ($("$PG_CONFIG" --version)) can only load extensions from its own directories:" \
			"it has neither extension_control_path (18) nor extension_destdir (Debian)." \
			"Use another with PG_CONFIG=, or: make install && make installcheck"
	fi
	echo "dynamic_library_path = '$WORK/stage$("$PG_CONFIG" --pkglibdir):\$libdir'"
}

# server_settings: what every server of ours has.
server_settings()
{
	stage_settings || return
	cat <<-END
		fsync = off
		synchronous_commit = off
		full_page_writes = off
		${SETTINGS:-}
	END
}

start_server()
{
	as_server "$BINDIR/initdb" --no-sync -A trust -U postgres -E UTF8 --locale=C -D "$WORK/data" &&
		as_server tee -a "$WORK/data/postgresql.conf" <"$WORK/settings.conf" >/dev/null &&
		as_server tee -a "$WORK/data/postgresql.conf" >/dev/null <<-END &&
			listen_addresses = ''
			unix_socket_directories = '$WORK/s'
			max_connections = 50
			$(printf '%s\n' "$@")
		END
		as_server "$BINDIR/pg_ctl" -D "$WORK/data" -l "$WORK/server.log" -w -t "${PGCTLTIMEOUT:-60}" start ||
		{ cat "$WORK/server.log"; return 1; }
}

# server_up PURPOSE [SETTING...]: everything from the needs to a running server, saying what
# it does.
server_up()
{
	local purpose=$1
	shift
	[ -n "${BINDIR:-}" ] || need "$purpose"
	[ -n "$WORK" ] || make_work
	build_dir
	step "building for $("$PG_CONFIG" --version)" build_and_stage ${UNIT:+unit} || exit 1
	server_settings >"$WORK/settings.conf" || exit 1
	own "$WORK"
	step "starting a private server" start_server "$@" || exit 1
	export PGHOST=$WORK/s PGUSER=postgres PATH=$BINDIR:$PATH
}

# keep_server DATABASE: leaves the server up, with a script in its folder that ends it.
keep_server()
{
	local pid
	pid=$(head -n 1 "$WORK/data/postmaster.pid")
	KEEP_WORK=yes
	cat >"$WORK/stop" <<-END
		#!/bin/sh
		# Stops this private server and removes its folder.
		kill -INT $pid
		while kill -0 $pid 2>/dev/null; do sleep 0.1; done
		rm -rf '$WORK'
	END
	chmod 755 "$WORK/stop"
	say "The server stays up."
	say "  connect:          $BINDIR/psql -h $WORK/s -U postgres $1"
	say "  stop and remove:  $WORK/stop"
}

# ---------------------------------------------------------------------------------------
# For tests and the examples of the documentation

# Not UTC, so that a day taken in the wrong zone shows.
TEST_SETTINGS="timezone = 'Europe/Berlin'
datestyle = 'ISO, MDY'
log_timezone = 'UTC'"

# The data folder, where the server's user can read it: sets CRM_DATA, or unsets it.
use_data()
{
	local data=${CRM_DATA:-$ROOT/../shared/data}
	if [ -f "$data/cdnow.csv" ]; then
		cp -R "$data" "$WORK/crm_data" && chmod -R u+rwX "$WORK/crm_data" || return
		own "$WORK/crm_data"
		export CRM_DATA=$WORK/crm_data
	else
		unset CRM_DATA
		say "no data folder (CRM_DATA or ../shared/data): what needs it is skipped"
	fi
}
