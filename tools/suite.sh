# Sourced by tools/check and tools/coverage, after lib.sh: the suite on a private server.

copy_tests()
{
	local dir
	for dir in Makefile crm_ext.control src sql expected release test docs tools demo README.md; do
		[ ! -e "$dir" ] || cp -R "$dir" "$WORK/src/" || return
	done
	[ ! -d "$BUILD/build/test" ] || cp -R "$BUILD/build/test" "$WORK/src/unit" || return
	find "$WORK/src/src" '(' -name '*.o' -o -name '*.bc' ')' -delete
	[ -z "${CRM_MOVED:-}" ] || perl tools/moved.pl "$WORK/src" || return
	own "$WORK/src"
}

# The extension of test/moved, beside ours.
stage_moved()
{
	local folder=$WORK/stage$("$PG_CONFIG" --sharedir)/extension
	cp test/moved/crm_ext_moved* "$folder/" && own "$folder"
}

# run_suite [CONCEPT...]: its last line is the count, its status that of the tests.
run_suite()
{
	SETTINGS=$TEST_SETTINGS
	[ -z "${CRM_MOVED:-}" ] || SETTINGS+="
search_path = '\"\$user\", public, crm_renaming, moved_here'"
	UNIT=yes
	[ "${CRM_UNIT:-}" != no ] || UNIT=
	[ -z "${UNDER:-}" ] || . "tools/under-$UNDER.sh"
	[ $# -gt 0 ] || set -- ${TESTS:-} # it may be that which says what runs
	server_up check
	copy_tests && stage_moved && use_data || exit 1
	export TEMP_CONFIG=$WORK/settings.conf
	export CRM_LIBRARY=$WORK/stage$("$PG_CONFIG" --pkglibdir)/crm_ext.so
	run_child perl tools/as-user.pl "$SERVER_USER" "$WORK/src" perl tools/runtests.pl "$@"
}
