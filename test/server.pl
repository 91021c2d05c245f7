# The private server of make demo and make check: however the script that started it ends,
# no server process and no folder is left; KEEP leaves both until its stop script is run.
use strict;
use warnings;
use Cwd qw(getcwd);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(sleep);

my $stage = $ENV{CRM_LIBRARY} // '';
plan skip_all => 'run by tools/check, which installs the library' unless -f $stage;
$stage =~ s{^(.*/stage)/.*}{$1};

my $root = getcwd();
my $folder = tempdir(CLEANUP => 1);
my $script = "$folder/script";

# A script as tools/demo is one, with the staged installation copied instead of built anew.
open my $out, '>', $script or die;
print {$out} <<"END";
#!/usr/bin/env bash
. $root/tools/lib.sh
cd $root
build_and_stage() { cp -R $stage "\$WORK/stage"; }
server_up demo
echo "\$WORK \$(head -n 1 "\$WORK/data/postmaster.pid")" > $folder/up.part
mv $folder/up.part $folder/up
case "\$1" in
	wait) run_child sleep 60 ;;
	work) psql -X -q -c "CREATE EXTENSION crm_ext" -c "SELECT pg_sleep(60)" postgres ;;
	fail) exit 3 ;;
	keep) keep_server postgres ;;
esac
END
close $out;

# Starts the script in a group of its own, as a terminal does; its pid, folder, server.
sub start
{
	my ($how) = @_;
	unlink "$folder/up";
	my $pid = fork() // die "cannot fork: $!";
	if ($pid == 0)
	{
		setpgrp(0, 0);
		open STDOUT, '>', "$folder/said";
		open STDERR, '>&', \*STDOUT;
		exec 'bash', $script, $how;
	}
	for (1 .. 1800)
	{
		last if -e "$folder/up";
		sleep 0.1;
	}
	open my $up, '<', "$folder/up" or do { diag(`cat $folder/said`); die "the server did not start" };
	my ($work, $server) = split ' ', <$up>;
	return ($pid, $work, $server);
}

sub gone_soon
{
	my ($work, $server) = @_;
	for (1 .. 600)
	{
		return 1 if !-e $work && !kill 0, $server;
		sleep 0.1;
	}
	diag(-e $work ? "$work is there" : '', kill(0, $server) ? "server $server is up" : '');
	return 0;
}

for my $case ([ 'INT', 'wait' ], [ 'TERM', 'work' ], [ 'KILL', 'wait' ])
{
	my ($signal, $how) = @$case;
	my ($pid, $work, $server) = start($how);
	ok(-d $work && kill(0, $server), "$signal, $how: the server is up");
	kill $signal, $signal eq 'INT' || $how eq 'work' ? -$pid : $pid;
	waitpid($pid, 0);
	isnt($?, 0, "$signal, $how: the script says so");
	ok(gone_soon($work, $server), "$signal, $how: nothing is left");
}

my ($pid, $work, $server) = start('fail');
waitpid($pid, 0);
is($? >> 8, 3, 'fail: the exit status is the script\'s');
ok(gone_soon($work, $server), 'fail: nothing is left');

($pid, $work, $server) = start('keep');
waitpid($pid, 0);
sleep 1.5;    # the guard looks once a second
ok(-d $work && kill(0, $server), 'keep: the server stays');
is(system("$work/stop"), 0, 'keep: its stop script runs');
ok(gone_soon($work, $server), 'keep: nothing is left after it');

done_testing();
