# Chromium without a window, spoken to over its DevTools protocol through a pipe: messages are
# JSON that ends with a zero byte, on file descriptors 3 and 4 of the browser.
package Chromium;
use strict;
use warnings;
use JSON::PP;
use POSIX ();
use Time::HiRes qw(time);

# The browser's program, or nothing.
sub program
{
	my ($found) = grep { -x } map { my $name = $_; map { "$_/$name" } split /:/, $ENV{PATH} }
	  qw(chromium chromium-browser google-chrome google-chrome-stable);
	return $found;
}

# Starts a browser whose profile is in a new folder; dies where it does not start.
sub new
{
	my ($class, $folder) = @_;
	pipe(my $their_in, my $our_out) or die "pipe: $!";
	pipe(my $our_in, my $their_out) or die "pipe: $!";
	my $pid = fork() // die "fork: $!";
	if ($pid == 0)
	{
		POSIX::setsid();
		# Out of the way of each other first: both may stand where the other belongs.
		my ($in, $out) = map { POSIX::dup2(fileno($_->[0]), $_->[1]) } [ $their_in, 30 ], [ $their_out, 31 ];
		POSIX::dup2($in, 3);
		POSIX::dup2($out, 4);
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$folder/browser.log";
		open STDERR, '>&', \*STDOUT;
		$ENV{HOME} = $folder;
		{ exec program(), qw(--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
		  --disable-dev-shm-usage --disable-background-networking --disable-component-update --disable-sync
		  --hide-scrollbars --remote-debugging-pipe), "--user-data-dir=$folder/profile", 'about:blank'; }
		POSIX::_exit(126);
	}
	close $their_in;
	close $their_out;
	binmode $_ for $our_in, $our_out;
	$our_out->autoflush(1);
	my $self = bless { pid => $pid, in => $our_in, out => $our_out, rest => '', id => 0, events => [] }, $class;
	my $target = $self->ask('Target.createTarget', { url => 'about:blank' });
	$self->{session} = $self->ask('Target.attachToTarget', { targetId => $target->{targetId}, flatten => JSON::PP::true })->{sessionId};
	$self->ask("$_.enable") for qw(Page Runtime Log Network);
	return $self;
}

# Everything the browser said up to and with the message that is wanted.
sub read_until
{
	my ($self, $wanted, $what) = @_;
	my $until = time + 60;
	while (1)
	{
		while ($self->{rest} =~ s/^([^\0]*)\0//)
		{
			my $message = decode_json($1);
			push @{ $self->{events} }, $message if $message->{method};
			return $message if $wanted->($message);
		}
		my $ready = '';
		vec($ready, fileno($self->{in}), 1) = 1;
		my $left = $until - time;
		die "the browser does not answer: $what\n" if $left <= 0 || !select($ready, undef, undef, $left);
		sysread($self->{in}, $self->{rest}, 65536, length $self->{rest}) or die "the browser is gone: $what\n";
	}
}

sub ask
{
	my ($self, $method, $params) = @_;
	my $id = ++$self->{id};
	my %message = (id => $id, method => $method, params => $params // {});
	$message{sessionId} = $self->{session} if $self->{session};
	print { $self->{out} } encode_json(\%message) . "\0";
	my $answer = $self->read_until(sub { ($_[0]{id} // 0) == $id }, $method);
	die "$method: $answer->{error}{message}\n" if $answer->{error};
	return $answer->{result};
}

# Loads a page at a width; gives what the page caused: console messages, requests.
sub open_page
{
	my ($self, $url, $width, %media) = @_;
	$self->ask('Emulation.setDeviceMetricsOverride', { width => $width, height => 900, deviceScaleFactor => 1, mobile => JSON::PP::false });
	$self->ask('Emulation.setEmulatedMedia', { media => $media{media} // '', features => [ { name => 'prefers-color-scheme', value => $media{scheme} // 'light' } ] });
	$self->{events} = [];
	$self->ask('Page.navigate', { url => $url });
	$self->read_until(sub { ($_[0]{method} // '') eq 'Page.loadEventFired' }, "loading $url")
	  unless grep { $_->{method} eq 'Page.loadEventFired' } @{ $self->{events} };
	$self->value('new Promise(done => setTimeout(() => done(1), 200))');
	return {
		messages => [ map { $_->{params}{entry}{text} // $_->{params}{exceptionDetails}{text} // $_->{method} }
			  grep { $_->{method} =~ /^(?:Log\.entryAdded|Runtime\.consoleAPICalled|Runtime\.exceptionThrown|Page\.javascriptDialogOpening)$/ } @{ $self->{events} } ],
		requests => [ grep { $_ ne $url } map { $_->{params}{request}{url} } grep { $_->{method} eq 'Network.requestWillBeSent' } @{ $self->{events} } ],
	};
}

# What an expression in the page gives. The page's own policy does not hold for the inspector.
sub value
{
	my ($self, $expression) = @_;
	my $answer = $self->ask('Runtime.evaluate', { expression => $expression, returnByValue => JSON::PP::true, awaitPromise => JSON::PP::true });
	die "in the page: $answer->{exceptionDetails}{exception}{description}\n" if $answer->{exceptionDetails};
	return $answer->{result}{value};
}

sub screenshot
{
	my ($self, $file) = @_;
	require MIME::Base64;
	my $picture = $self->ask('Page.captureScreenshot', { format => 'png', captureBeyondViewport => JSON::PP::true });
	open my $out, '>:raw', $file or die "cannot write $file: $!";
	print $out MIME::Base64::decode_base64($picture->{data});
	close $out or die "cannot write $file: $!";
	return -s $file;
}

sub end
{
	my ($self) = @_;
	return unless $self->{pid};
	eval { delete $self->{session}; $self->ask('Browser.close') };
	for (1 .. 50) { last if waitpid($self->{pid}, 1) != 0; select undef, undef, undef, 0.1 }
	kill KILL => -$self->{pid};
	waitpid $self->{pid}, 0;
	delete $self->{pid};
}

sub DESTROY { local ($?, $@); $_[0]->end }

1;
