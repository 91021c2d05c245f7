# orders.pl FILE ZONE: reads somebody's orders and prints them for COPY: customer, time,
# amount, tab-separated. What was understood goes to standard error as lines for people;
# the file named by $ORDERS_TYPES gets the two column types, for CREATE TABLE.
#
# Accepted: comma, semicolon, tab or bar between fields, quotes as in CSV, a byte order mark.
# With a header the columns may stand in any order and under other usual names; without one
# they are customer, date, amount. Ids of any kind; dates or timestamps, with or without an
# offset. What cannot be understood is an error that names the line.
use strict;
use warnings;

my %alias = (
	customer => [
		qw(customer_id customer customerid cust_id custid client_id client buyer_id buyer
		  user_id user userid account_id account member_id member contact_id email customer_email)
	],
	date => [
		qw(date order_date orderdate ordered_at purchased_at purchase_date purchased_on
		  created_at created createdat timestamp order_timestamp datetime order_datetime time
		  paid_at transaction_date invoice_date invoicedate day)
	],
	amount => [
		qw(amount order_amount total order_total total_price totalprice total_amount price
		  value order_value revenue sales net_amount grand_total subtotal sum spend)
	]);

my ($file, $zone) = @ARGV;
my (%column, $delimiter, $first_row, $width);

# Each pass over the file starts here; record() gives one row as a list, $line is its number.
my ($in, $line, $next_line);

sub fail { print STDERR "$file: @_\n"; exit 1 }

sub rewind_file
{
	close $in if $in;
	open $in, '<', $file or fail("cannot read it: $!");
	($line, $next_line) = (0, 1);
}

# A line that is not UTF-8 is read as Latin-1, in place.
sub latin1_to_utf8
{
	return if $_[0] !~ /[\x80-\xFF]/;
	my $copy = $_[0];
	utf8::encode($_[0]) unless utf8::decode($copy);
}

# A row without quotes is split; one with quotes is read with the lines it spans.
sub record
{
	while (defined(my $text = <$in>))
	{
		$line = $next_line++;
		$text =~ s/\A\x{EF}\x{BB}\x{BF}// if $line == 1;
		fail("line $line: this is not a text file in UTF-8 or Latin-1") if $text =~ /\0/;
		next unless $text =~ /\S/;
		latin1_to_utf8($text);
		if (index($text, '"') < 0)
		{
			$text =~ s/\r?\n\z//;
			return split /\Q$delimiter\E/, $text, -1;
		}
		while (($text =~ tr/"//) % 2)
		{
			my $more = <$in> // fail("line $line: a quote that is opened here is never closed");
			$next_line++;
			latin1_to_utf8($more);
			$text .= $more;
		}
		$text =~ s/\r?\n\z//;
		my @fields;
		while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^\Q$delimiter\E]*))(\Q$delimiter\E|\z)/g)
		{
			my ($quoted, $plain, $after) = ($1, $2, $3);
			push @fields, defined $quoted ? $quoted =~ s{""}{"}gr : $plain;
			return @fields if $after eq '';
		}
		fail("line $line: quotes inside a field must be doubled: $text");
	}
	return;
}

sub trim { my $text = shift // ''; $text =~ s/^\s+|\s+$//g; return $text }

sub find_delimiter
{
	open my $peek, '<', $file or fail("cannot read it: $!");
	my $text = '';
	while (defined($text = <$peek>)) { last if $text =~ /\S/ }
	defined $text or fail("it is empty");
	my ($best) = sort { $b->[1] <=> $a->[1] }
	  map { [ $_, scalar(() = $text =~ /\Q$_\E/g) ] } ',', ';', "\t", '|';
	fail("line 1: found one column where three are needed: customer_id,date,amount") if $best->[1] == 0;
	return $best->[0];
}

sub find_columns
{
	rewind_file();
	my @head = map { lc trim($_) } record();
	$width = @head;
	my %at;
	s/[\s.-]+/_/g for my @names = @head;
	for my $what (qw(customer date amount))
	{
		for my $name (@{ $alias{$what} })
		{
			my ($index) = grep { $names[$_] eq $name } 0 .. $#names;
			next unless defined $index;
			$at{$what} = $index;
			last;
		}
	}
	if (!%at)
	{
		fail("line 1: found " . @head . " columns where customer_id,date,amount are needed")
		  if @head < 3;
		fail("line 1: neither a header that names customer_id, date and amount nor an order: "
			  . join(' ', @head))
		  unless defined date_form($head[1]);
		%column = (customer => 0, date => 1, amount => 2);
		print STDERR "no header: columns taken as customer, date, amount\n";
		return 1;
	}
	for my $what (qw(customer date amount))
	{
		fail("line 1: no column for $what among: @head (accepted: @{$alias{$what}}[0..4] ...)")
		  unless defined $at{$what};
	}
	%column = %at;
	print STDERR "columns: customer = $head[$at{customer}], date = $head[$at{date}], amount = $head[$at{amount}]\n";
	return 2;
}

# The form of a date: iso, compact, or first and second number before the year; undef if none.
sub date_form
{
	my $text = shift;
	my $time = qr/(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?/i;
	return 'iso' if $text =~ m{^\d{4}([-/.])\d{1,2}\g1\d{1,2}$time$};
	return 'compact' if $text =~ /^\d{8}$/;
	return 'numbers' if $text =~ m{^\d{1,2}([-/.])\d{1,2}\g1\d{4}$time$};
	return;
}

# As ISO text; $day_first decides 03/04/2024.
sub iso_date
{
	my ($text, $day_first) = @_;
	my ($year, $month, $day, $rest);
	if ($text =~ m{^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(.*)$}s) { ($year, $month, $day, $rest) = ($1, $2, $3, $4) }
	elsif ($text =~ /^(\d{4})(\d{2})(\d{2})$/) { ($year, $month, $day, $rest) = ($1, $2, $3, '') }
	elsif ($text =~ m{^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(.*)$}s)
	{
		($month, $day, $year, $rest) = $day_first ? ($2, $1, $3, $4) : ($1, $2, $3, $4);
	}
	my $leap = $year % 4 == 0 && ($year % 100 != 0 || $year % 400 == 0);
	my $days = $month < 1 || $month > 12 ? 0 : (31, $leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[ $month - 1 ];
	return if $day < 1 || $day > $days || $year < 1;
	$rest =~ s/^[T\s]+/ /i;
	$rest =~ tr/,/./;
	return if $rest =~ /^ (\d+):(\d+)(?::(\d+))?/ && ($1 > 23 || $2 > 59 || ($3 // 0) > 59);
	return sprintf('%04d-%02d-%02d', $year, $month, $day) . $rest;
}

# A number as PostgreSQL reads it, from 12.50, 1,234.50, 1.234,50, $12, 12 EUR; undef if none.
sub number
{
	my $text = shift;
	return $text if $text =~ /^-?\d+(?:\.\d+)?$/;
	$text =~ s/^(?:[\$]|\xC2[\xA3\xA5]|\xE2\x82\xAC|[A-Z]{3})\s*|\s*(?:[\$]|\xC2[\xA3\xA5]|\xE2\x82\xAC|[A-Z]{3})$//g;
	$text =~ s/^([+-])(?:[\$]|\xE2\x82\xAC)/$1/;
	return $text if $text =~ /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
	return $text =~ tr/,//dr if $text =~ /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/;
	return $text =~ tr/.//dr =~ tr/,/./r if $text =~ /^[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+$/;
	return;
}

# ISO dates are few in a file: each is judged once.
my %iso_day;

# The date in ISO form, or undef where day and month first cannot be told apart yet.
sub settled_date
{
	my ($date, $s) = @_;
	if ($date =~ /^(\d{4}-\d\d-\d\d)(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/
		&& ($iso_day{$1} //= defined iso_date($1) ? 1 : 0))
	{
		note_time($date, $2, $s) if length $date > 10;
		return $date;
	}
	my $form = date_form($date)
	  // fail("line $line: \"$date\" is not a date; write it as 2024-12-31 or 2024-12-31 18:30");
	note_time($date, $date =~ /:.*?(Z|UTC|[+-]\d{2}(?::?\d{2})?)$/i ? $1 : undef, $s) if $date =~ /:/;
	if ($form ne 'numbers')
	{
		return iso_date($date) // fail("line $line: there is no such date as \"$date\"");
	}
	$date =~ m{^(\d+)(\D)(\d+)};
	$s->{day_first} //= $line if $1 > 12 || $2 eq '.';
	$s->{month_first} //= $line if $3 > 12;
	$s->{numbers} //= $line;
	return;
}

sub note_time
{
	my ($date, $offset, $s) = @_;
	$s->{time} = 1;
	$s->{offset}++ if defined $offset;
}

# Customer, date and amount of a row; nothing where one of the first two is empty.
sub order_of
{
	my ($row, $s) = @_;
	fail("line $line: " . @$row . " columns where line 1 has $width") if @$row != $width;
	my @order = @$row[ @column{qw(customer date amount)} ];
	for (@order) { s/^\s+|\s+$//g if /^\s|\s$/ }
	return @order if $order[0] ne '' && $order[1] ne '';
	$s->{ $order[0] eq '' ? 'no_customer' : 'no_date' }++;
	return;
}

sub print_order
{
	my ($customer, $iso, $number) = @_;
	$customer =~ s/([\\\t\n\r])/{ "\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r" }->{$1}/ge
	  if $customer =~ /[\\\t\n\r]/;
	print "$customer\t$iso\t$number\n";
}

# The first pass: every row is understood, or the file is refused; types are settled. Rows
# whose date must wait for another line to decide are printed by the second.
sub survey
{
	my ($first_row) = @_;
	my %s = (rows => 0, no_customer => 0, no_date => 0, no_amount => 0, integer => 1, uuid => 1);
	rewind_file();
	record() if $first_row == 2;
	while (my @row = record())
	{
		my ($customer, $date, $amount) = order_of(\@row, \%s) or next;
		my $iso = settled_date($date, \%s);
		my $number = $amount eq '' ? '\N' : number($amount) // fail("line $line: \"$amount\" is not a number");
		$s{no_amount}++ if $amount eq '';
		$s{purchases}++ if $amount eq '' || $number >= 0;
		$s{integer} = 0 if $s{integer} && $customer !~ /^(?:0|-?[1-9]\d{0,17})$/;
		$s{uuid} = 0
		  if $s{uuid} && $customer !~ /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
		$s{rows}++;
		print_order($customer, $iso, $number) if defined $iso;
	}
	fail("no order in it") unless $s{rows};
	fail("no purchase in it: every amount is negative") unless $s{purchases};
	if ($s{numbers} && !$s{day_first} && !$s{month_first})
	{
		fail("line $s{numbers}: such dates can be read as day/month or month/day, and no line of the"
			  . " file decides which; write them as 2024-12-31");
	}
	fail("line $s{day_first} has the day first, line $s{month_first} the month; write dates as 2024-12-31")
	  if $s{day_first} && $s{month_first};
	return \%s;
}

sub second_pass
{
	my ($first_row, $s) = @_;
	rewind_file();
	record() if $first_row == 2;
	while (my @row = record())
	{
		my ($customer, $date, $amount) = order_of(\@row, {}) or next;
		next if date_form($date) ne 'numbers';
		my $iso = iso_date($date, $s->{day_first}) // fail("line $line: there is no such date as \"$date\"");
		print_order($customer, $iso, $amount eq '' ? '\N' : number($amount));
	}
}

$delimiter = find_delimiter();
$first_row = find_columns();
my $s = survey($first_row);
my $id_type = $s->{integer} ? 'bigint' : $s->{uuid} ? 'uuid' : 'text';
my $time_type = $s->{offset} ? 'timestamptz' : $s->{time} ? 'timestamp' : 'date';
print STDERR "$s->{rows} orders; ids read as $id_type, times as $time_type\n";
print STDERR "day first in dates such as the one in line $s->{day_first}\n" if $s->{day_first} && $s->{numbers};
print STDERR "month first in dates such as the one in line $s->{month_first}\n" if $s->{month_first};
if ($s->{offset})
{
	print STDERR "an offset is given: days are those of the time zone $zone (TZ=... sets it)\n";
	print STDERR ($s->{rows} - $s->{offset}) . " times without an offset taken as local there\n" if $s->{offset} < $s->{rows};
}
print STDERR "left out: $s->{no_customer} rows without a customer\n" if $s->{no_customer};
print STDERR "left out: $s->{no_date} rows without a date\n" if $s->{no_date};
print STDERR "$s->{no_amount} orders without an amount count as purchases worth 0\n" if $s->{no_amount};
if ($ENV{ORDERS_TYPES})
{
	open my $types, '>', $ENV{ORDERS_TYPES} or fail("cannot write $ENV{ORDERS_TYPES}: $!");
	print {$types} "$id_type $time_type\n";
	close $types;
}
second_pass($first_row, $s) if $s->{numbers};
