# For tools/under-*.sh: servers that are started through a wrapper, and what it reports.
# Sourced behind tools/lib.sh, before the server is up.
#
# pg_ctl, here and in the TAP tests, is found through pg_config. So there is a pg_config of
# ours, that names a folder of links to the programs, with a pg_ctl that starts the wrapper.
# Clients and initdb run as they are.
need check
make_work
mkdir "$WORK/reports" "$WORK/wrapped"
chmod 1777 "$WORK/reports"
UNDER_BIN=$WORK/wrapped
export CRM_UNDER=$UNDER # tests that measure memory skip then

# The checkout keeps what it was built with. The objects of the copy stay for the next time,
# so only files that changed are copied: their time is then later than that of any object.
build_dir()
{
	BUILD=$WORK/build
	copy_checkout "$BUILD"
	[ -w "$ROOT" ] && [ -O "$ROOT" ] || return 0
	local fresh=$BUILD flags="$("$PG_CONFIG" --version) ${CC:-} $COPT"
	BUILD=$ROOT/build/$UNDER
	[ "$(cat "$BUILD.flags" 2>/dev/null)" = "$flags" ] || rm -rf "$BUILD"
	mkdir -p "$BUILD" && echo "$flags" >"$BUILD.flags"
	(cd "$BUILD" && find . -type f ! -name '*.o' ! -path './build/*' | while read -r file; do
		[ -f "$fresh/$file" ] || rm "$file"
	done)
	(cd "$fresh" && find . -type f | while read -r file; do
		cmp -s "$file" "$BUILD/$file" || { mkdir -p "$BUILD/${file%/*}" && cp "$file" "$BUILD/$file"; }
	done)
}

# under_wrap <SCRIPT: SCRIPT starts "$POSTGRES", the server itself, by exec.
under_wrap()
{
	local config=$PG_CONFIG bindir=$BINDIR
	ln -s "$bindir"/* "$UNDER_BIN/"
	rm "$UNDER_BIN/postgres" "$UNDER_BIN/pg_ctl"
	{ printf '#!/bin/sh\nPOSTGRES=%s/postgres\n' "$bindir"; cat; } >"$UNDER_BIN/postgres"
	cat >"$UNDER_BIN/pg_ctl" <<-END
		#!/bin/sh
		exec $bindir/pg_ctl -p $UNDER_BIN/postgres "\$@"
	END
	cat >"$WORK/pg_config" <<-END
		#!/bin/sh
		[ "\$*" != --bindir ] || { echo $UNDER_BIN; exit; }
		exec $config "\$@"
	END
	chmod 755 "$UNDER_BIN/postgres" "$UNDER_BIN/pg_ctl" "$WORK/pg_config"
	own "$WORK"
	export PG_CONFIG=$WORK/pg_config
	BINDIR=$UNDER_BIN
}

# no_reports: whether the wrapped programs reported nothing; shows what they did.
no_reports()
{
	local file count=0
	for file in "$WORK"/reports/*; do
		[ -s "$file" ] && is_report "$file" || continue
		count=$((count + 1))
		say "== report ${file##*/}"
		head -n 60 "$file"
	done
	# undefined behaviour below a server is told to its log, whatever log_path says
	while read -r file; do
		count=$((count + 1))
		say "== report in ${file#"$WORK"/}"
		grep -a -A 30 -m 1 -E 'runtime error:|ERROR: AddressSanitizer' "$file"
	done < <(find "$WORK/server.log" "$WORK/src/out" -type f -name '*.log' -exec grep -alE 'runtime error:|ERROR: AddressSanitizer' {} + 2>/dev/null)
	say "reports: $count"
	[ $count = 0 ]
}

is_report() { :; } # a file that is there is one
