# tools/orders.pl, which reads the file of make demo ORDERS=: what it understands, and that it
# refuses the rest with the line's number. No server.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $folder = tempdir(CLEANUP => 1);

# Reads $text as a file of orders: exit status, types, rows, what was said.
sub orders
{
	my ($text) = @_;
	open my $out, '>', "$folder/in.csv" or die;
	print {$out} $text;
	close $out;
	unlink "$folder/types";
	local $ENV{ORDERS_TYPES} = "$folder/types";
	my $rows = `$^X tools/orders.pl $folder/in.csv Europe/Berlin 2>$folder/said`;
	my $status = $? >> 8;
	my $types = -e "$folder/types" ? slurp("$folder/types") : '';
	chomp $types;
	return ($status, $types, $rows, slurp("$folder/said"));
}

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "cannot read $file: $!";
	local $/;
	return <$in>;
}

sub understood
{
	my ($name, $text, $types, $rows, $said) = @_;
	my ($status, @got) = orders($text);
	is("$status $got[0]\n$got[1]", "0 $types\n$rows", $name) or diag($got[2]);
	like($got[2], $said, "$name: says so") if $said;
}

sub refused
{
	my ($name, $text, $said) = @_;
	my ($status, $types, $rows, $got) = orders($text);
	ok($status != 0 && $got =~ $said, $name) or diag("status $status, said: $got");
}

understood('the plain form', "customer_id,date,amount\n7,2024-01-31,12.50\n8,2024-02-01,3\n",
	'bigint date', "7\t2024-01-31\t12.50\n8\t2024-02-01\t3\n", qr/2 orders; ids read as bigint/);
understood('no header', "7,2024-01-31,12.50\n", 'bigint date', "7\t2024-01-31\t12.50\n", qr/no header/);
understood('other names, other order',
	"Order Date;Total;E-Mail;Email\n2024-01-31 23:30;1.234,50;x;a\@example.org\n",
	'text timestamp', "a\@example.org\t2024-01-31 23:30\t1234.50\n", qr/customer = email, date = order date, amount = total/);
understood('ids with leading zeros stay text', "customer,date,amount\n007,2024-01-31,1\n7,2024-01-31,2\n",
	'text date', "007\t2024-01-31\t1\n7\t2024-01-31\t2\n");
understood('uuids', "user_id,created_at,price\n123e4567-e89b-12d3-a456-426614174000,2024-01-31T10:00:00Z,1\n",
	'uuid timestamptz', "123e4567-e89b-12d3-a456-426614174000\t2024-01-31T10:00:00Z\t1\n", qr/Europe\/Berlin/);
understood('quotes, doubled quotes, a comma and a line end in a field',
	qq{customer,note,date,amount\r\n"a ""b"", c","two\nlines",2024-01-31,"1,000.25"\r\nd,,2024-02-01,-5\r\n},
	'text date', qq{a "b", c\t2024-01-31\t1000.25\nd\t2024-02-01\t-5\n});
understood('a byte order mark, currency signs, blank lines',
	"\xEF\xBB\xBFcustomer_id,date,amount\n\n1,2024-01-31,\$12.50\n2,2024-01-31,\xE2\x82\xAC 3\n",
	'bigint date', "1\t2024-01-31\t12.50\n2\t2024-01-31\t3\n");
understood('day first, as one line decides', "customer_id,date,amount\n1,03/04/2024,1\n1,25/04/2024,2\n",
	'bigint date', "1\t2024-04-03\t1\n1\t2024-04-25\t2\n", qr/day first/);
understood('month first, as one line decides', "customer_id,date,amount\n1,03/04/2024,1\n1,04/25/2024,2\n",
	'bigint date', "1\t2024-03-04\t1\n1\t2024-04-25\t2\n", qr/month first/);
understood('dots are day first', "customer_id;date;amount\n1;3.4.2024;1,5\n", 'bigint date', "1\t2024-04-03\t1.5\n");
understood('empty fields', "customer_id,date,amount\n1,2024-01-31,\n,2024-01-31,5\n1,,5\n",
	'bigint date', "1\t2024-01-31\t\\N\n", qr/1 rows without a customer\n.*1 rows without a date\n1 orders without an amount/s);
understood('tabs and backslashes cannot break the load', "customer_id,date,amount\na\\N,2024-01-31,1\n",
	'text date', "a\\\\N\t2024-01-31\t1\n");

understood('Latin-1', "customer_id;date;amount\nJ\xFCrgen;2024-01-31;1\n", 'text date', "J\xC3\xBCrgen\t2024-01-31\t1\n");
understood('UTF-8 stays as it is', "customer_id;date;amount\nJ\xC3\xBCrgen;2024-01-31;1\n", 'text date', "J\xC3\xBCrgen\t2024-01-31\t1\n");

refused('a date that is none', "customer_id,date,amount\n1,2024-01-31,1\n1,yesterday,1\n", qr/line 3: "yesterday" is not a date/);
refused('a day that is not in the calendar', "customer_id,date,amount\n1,2023-02-29,1\n", qr/line 2: there is no such date as "2023-02-29"/);
refused('an amount that is none', "customer_id,date,amount\n1,2024-01-31,free\n", qr/line 2: "free" is not a number/);
refused('NaN', "customer_id,date,amount\n1,2024-01-31,NaN\n", qr/line 2: "NaN" is not a number/);
refused('the line number counts line ends in quotes',
	qq{customer,note,date,amount\n1,"two\nlines",2024-01-31,1\n1,,2024-01-31,x\n}, qr/line 4: "x"/);
refused('a missing column', "customer_id,date,quantity\n1,2024-01-31,1\n", qr/line 1: no column for amount/);
refused('a row too short', "customer_id,date,amount\n1,2024-01-31\n", qr/line 2: 2 columns where line 1 has 3/);
refused('dates that can be read two ways', "customer_id,date,amount\n1,03/04/2024,1\n", qr/line 2: .*write them as 2024-12-31/);
refused('both ways in one file', "customer_id,date,amount\n1,13/04/2024,1\n1,04/13/2024,1\n", qr/line 2 has the day first, line 3/);
refused('a quote never closed', qq{customer_id,date,amount\n1,"2024-01-31,1\n}, qr/line 2: a quote/);
refused('an empty file', '', qr/empty/);
refused('a header alone', "customer_id,date,amount\n", qr/no order/);
refused('refunds alone', "customer_id,date,amount\n1,2024-01-31,-5\n", qr/no purchase/);
refused('no orders at all', "hello\nworld\n", qr/line 1: found one column/);

done_testing();
