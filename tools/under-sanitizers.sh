# make check-sanitized: sourced by tools/check. The extension and the unit programs are built
# with gcc's sanitizers of addresses and of undefined behaviour; the server stays the one that
# is installed, with their library preloaded. docs/developing.md says what that sees.
. tools/under.sh

SETTINGS="${SETTINGS:-}
jit = off"
export CRM_TEST_TIMEOUT=${CRM_TEST_TIMEOUT:-3600}
flags="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all"

if [ "$UNDER" = sanitizers ]; then
	CC=gcc
	# PostgreSQL's -fwrapv would define signed overflow, and so hide it
	flags+=" -fno-wrapv"
	asan_log=:log_path=$WORK/reports/asan
	ubsan_log=:log_path=$WORK/reports/ubsan
	command -v gcc >/dev/null || die "gcc is needed: it brings the sanitizers"
	libasan=$(gcc -print-file-name=libasan.so)
else
	# tools/fuzz: with what libFuzzer asks of the compiler, and itself
	CC=clang
	asan_log= ubsan_log= # what a run prints has its own file
	command -v clang >/dev/null || die "clang is needed: apt-get install clang, and libclang-rt-14-dev of its version"
	libasan=$(clang -print-file-name=libclang_rt.asan-$(uname -m).so)
	flags+=" -shared-libasan -fsanitize=fuzzer-no-link -fno-sanitize=function -w"
	export SHLIB_LINK="$WORK/fuzz.o $(clang -print-file-name=libclang_rt.fuzzer_no_main-$(uname -m).a) -lstdc++ -Wl,-Bsymbolic"
fi
[ -e "$libasan" ] || die "$CC has no library of the address sanitizer here: install its package"
libasan=$(readlink -f "$libasan")
export CC COPT=$flags
BUILD_SETTINGS="with_llvm=no CC=$CC"

under_wrap <<-END
	LD_PRELOAD='$libasan $WORK/asan-first.so'
	ASAN_OPTIONS='detect_leaks=0:abort_on_error=1$asan_log'
	UBSAN_OPTIONS='print_stacktrace=1$ubsan_log'
	export LD_PRELOAD ASAN_OPTIONS UBSAN_OPTIONS
	exec "\$POSTGRES" "\$@"
END
gcc -shared -fPIC -O1 -Wl,-z,initfirst -o "$WORK/asan-first.so" tools/asan-first.c || exit 1
timeout 60 "$UNDER_BIN/postgres" --version >/dev/null || die "the server does not start with $libasan preloaded"

# The unit programs: they are built with the sanitizers and need nothing preloaded.
export ASAN_OPTIONS=${asan_log#:} UBSAN_OPTIONS=print_stacktrace=1$ubsan_log
