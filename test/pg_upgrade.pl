# pg_upgrade from an older PostgreSQL that is installed beside this one (tools/debian-root puts 15
# beside 17): stored histories, contracts, books, cuts, models and a workspace are the same after
# it, text forms and figures, and the workspace refreshes.
use strict;
use warnings;
use File::Temp qw(tempdir);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use StoredFigures;
use Test::More;

my $config = $ENV{PG_CONFIG} // '';
plan skip_all => 'run by tools/check, which says for which PostgreSQL' unless -x $config;

sub asked { my ($pg_config, $what) = @_; chomp(my $answer = `$pg_config --$what`); return $answer }
sub major_of { my ($pg_config) = @_; return asked($pg_config, 'version') =~ /(\d+)/ ? $1 : 0 }

my $ours = major_of($config);
my ($old_config) = sort { major_of($a) <=> major_of($b) }
  grep { major_of($_) >= 15 && major_of($_) < $ours } split ' ', `tools/find-pg-config --all`;
plan skip_all => 'no PostgreSQL from 15 on that is older than this one is installed beside it' unless $old_config;
my $old_major = major_of($old_config);
for my $pg_config ($old_config, $config)
{
	my $postgres = asked($pg_config, 'bindir') . '/postgres';
	plan skip_all => 'PostgreSQL ' . major_of($pg_config) . ' looks for libraries in its own folder only'
	  unless `$postgres --describe-config` =~ /^extension_destdir\t/m;
}

# The extension for the older one, built and installed into a folder.
my $folder = tempdir(CLEANUP => 1);
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};
my $make = "make -s -j2 -C $folder PG_CONFIG=$old_config with_llvm=no";
system("cp -R Makefile crm_ext.control src release tools $folder && $make all >$folder/log 2>&1 && $make DESTDIR=$folder/stage install >>$folder/log 2>&1") == 0
  or die "it does not build for PostgreSQL $old_major:\n" . slurp_file("$folder/log");
my $settings = slurp_file($ENV{TEMP_CONFIG}) =~ s/^(?:extension_destdir|dynamic_library_path).*\n//mgr;
append_to_file("$folder/settings", $settings . "extension_destdir = '$folder/stage'\n"
	  . "dynamic_library_path = '$folder/stage" . asked($old_config, 'pkglibdir') . ":\$libdir'\n");

my $old = PostgreSQL::Test::Cluster->new('old', install_path => asked($old_config, 'bindir') =~ s{/bin$}{}r);
{
	local $ENV{TEMP_CONFIG} = "$folder/settings";
	$old->init(extra => [ '-E', 'UTF8' ]);
}
$old->start;
like($old->safe_psql('postgres', 'SHOW server_version'), qr/^$old_major\b/, "PostgreSQL $old_major runs");
$old->safe_psql('postgres', 'CREATE EXTENSION crm_ext');
store_values($old);
my $figures = figures_of($old);
my $version = $old->safe_psql('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'crm_ext'");
like($figures, qr/^SELECT \* FROM shop\.kpis: 1, /m, 'values and a workspace are stored');
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init(extra => [ '-E', 'UTF8', $ours >= 18 ? '--no-data-checksums' : () ]);
chdir $folder or die "cannot enter $folder: $!";
command_ok(
	[
		asked($config, 'bindir') . '/pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir,
		'-b', asked($old_config, 'bindir'), '-B', asked($config, 'bindir'), '-s', $new->host, '-p', $old->port, '-P', $new->port
	],
	"pg_upgrade from $old_major to $ours");
$new->start;

like($new->safe_psql('postgres', 'SHOW server_version'), qr/^$ours\b/, "PostgreSQL $ours runs");
is($new->safe_psql('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'crm_ext'"), $version, 'with the extension');
is(figures_of($new), $figures, 'text forms, binary forms and figures are the same');
is($new->safe_psql('postgres', <<'END'), 't|t', 'the indexes find every history');
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off;
SELECT count(*) = (SELECT count(*) FROM stored_history),
	count(*) FILTER (WHERE EXISTS (SELECT FROM stored_history b WHERE b.h >= a.h AND b.h <= a.h)) = count(*)
FROM stored_history a WHERE EXISTS (SELECT FROM stored_history b WHERE b.h = a.h)
END
like(refresh_differences($new), qr/^(?:full|incremental) incremental 0$/, 'the workspace refreshes');

chdir '/';
$new->stop;
done_testing();
