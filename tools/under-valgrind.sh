# make check-valgrind: sourced by tools/check. The server that is installed, under valgrind,
# with all its backends; the extension is built as ever. Slow: unless TESTS says otherwise
# only the rooms' own tests in SQL run. docs/developing.md says what that sees.
. tools/under.sh

command -v valgrind >/dev/null || die "valgrind is needed: apt-get install valgrind"
valgrind -q true || die "valgrind does not work here: libc6-dbg may be missing"

export COPT=-g
BUILD_SETTINGS="with_llvm=no"
SETTINGS="$SETTINGS
jit = off
autovacuum = off
authentication_timeout = 600
deadlock_timeout = 60s
wal_sender_timeout = 0"
if [ -z "${TESTS:-}" ]; then
	TESTS=$(ls sql/*.sql | sed 's,sql/\(.*\)\.sql,\1,')
	export CRM_TEST_KINDS="${CRM_TEST_KINDS:-regress pgtap}"
fi
UNIT= # the unit programs do not run under it
export CRM_UNIT=no
export CRM_TEST_TIMEOUT=${CRM_TEST_TIMEOUT:-3600} PGCTLTIMEOUT=600 PGCONNECT_TIMEOUT=600

under_wrap <<-END
	exec valgrind --quiet --leak-check=no --trace-children=yes --num-callers=30 --max-stackframe=16000000 \
		--suppressions='$ROOT/tools/valgrind.supp' --log-file='$WORK/reports/valgrind.%p' "\$POSTGRES" "\$@"
END

# Its warnings are none.
is_report() { grep -qE '^==[0-9]+==    at 0x' "$1"; }
