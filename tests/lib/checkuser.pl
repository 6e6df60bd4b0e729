#!/usr/bin/env perl
# checkuser.pl rows SEED COUNT: SQL of an account database with random users, check_user's tables
# checkuser.pl asks SEED COUNT: random recipients, one a line, that are sometimes users
# checkuser.pl compare PARTS DATABASE ASKS ANSWERS: what check_user would have said to each of ASKS, by its queries
#	under COLLATE NOCASE, against the output of rcptcheck -b. PARTS: "address", or "parts" for user and domain
#
# A user in quotes is the same as without. check_user compared what stood in the table as it was, so its "yes" must
# be ours; ours are more by those that differ in quotes alone, and no others.
use strict;
use warnings;

my ($mode, @arguments) = @ARGV;
my @domains = ('one.test', 'TWO.Test', 'three.test');
# Few letters, so that users and recipients meet; what SQL, shells and SMTP take for something else; UTF-8
my @letters = ('a', 'a', 'B', 'b', '.', '-', '+', '_', '%', '*', "'", '"', '\\', '@', ' ', '/', ';', '`', '$', '#',
	"\xc3\xbc", "\xc3\x9c");
# What no user of a table can have, since rcptbuild refuses it
my @odd = ("\xff", "\x01", "\t", "\x7f", "\xed\xa0\x80", 'x' x 65);

sub pick { return $_[int rand @_] }

sub local_part {
	my $text = join '', map { pick(@letters) } 1 .. 1 + int rand 3;
	$text = qq("$text") if rand() < 0.1;
	return $text;
}

# Without the quotes, and in lower case as SQLite has it
sub canonical {
	my ($text) = @_;
	if (length $text >= 2 && $text =~ /^"(.*)"$/s) {
		my $inner = $1;
		$inner =~ s/\\(.)/$1/gs;
		$text = $inner;
	}
	$text =~ tr/A-Z/a-z/;
	return $text;
}

sub hex_text { return "CAST(x'" . unpack('H*', $_[0]) . "' AS TEXT)" }

if ($mode eq 'rows') {
	srand $arguments[0];
	print "CREATE TABLE domains (name TEXT); CREATE TABLE users (address TEXT, user TEXT, domain TEXT);\n"
	    . "CREATE INDEX of_address ON users (address COLLATE NOCASE); CREATE INDEX of_user ON users (user COLLATE NOCASE);\nBEGIN;\n";
	print "INSERT INTO domains VALUES ('$_');\n" for @domains;
	for (1 .. $arguments[1]) {
		my $local = local_part();
		# Not stored: blanks at an end, quotes around nothing or not closed
		redo if $local =~ /^ | $/ || canonical($local) =~ /^$|^ | $/ || $local =~ /^"(?:\\.|[^\\])*\\"$/s;
		my $domain = pick(@domains, 'elsewhere.test');
		printf "INSERT INTO users VALUES (%s, %s, %s);\n", hex_text("$local\@$domain"), hex_text($local), hex_text($domain);
	}
	print "COMMIT;\n";
} elsif ($mode eq 'asks') {
	srand $arguments[0];
	for (1 .. $arguments[1]) {
		my $local = local_part();
		$local .= pick(@odd) if rand() < 0.05;
		$local =~ s/([a-z])/rand() < 0.3 ? uc $1 : $1/ge;
		my $domain = pick(@domains, 'elsewhere.test');
		print $local, '@', rand() < 0.5 ? lc $domain : $domain, "\n";
	}
} elsif ($mode eq 'compare') {
	my ($parts, $database, $asks, $answers) = @arguments;
	open my $in, '<:raw', $asks or die "$asks: $!\n";
	chomp(my @asks = <$in>);
	open $in, '<:raw', $answers or die "$answers: $!\n";
	chomp(my @answers = <$in>);
	die "# @{[scalar @asks]} questions, @{[scalar @answers]} answers\n" if @asks != @answers;

	open my $sql, '|-', "sqlite3 -batch '$database' >'$answers.sql'" or die;
	print $sql "BEGIN;\n";
	for (@asks) {
		my ($user, $host) = /^(.*)\@(.*)$/s;
		print $sql 'SELECT (SELECT count(*) FROM domains WHERE name = ', hex_text($host), ' COLLATE NOCASE) || " " || (SELECT count(*) ',
		    'FROM users WHERE ', $parts eq 'parts'
		    ? 'user = ' . hex_text($user) . ' COLLATE NOCASE AND domain = ' . hex_text($host) . ' COLLATE NOCASE'
		    : 'address = ' . hex_text($_) . ' COLLATE NOCASE', ");\n";
	}
	print $sql "COMMIT;\n";
	close $sql or die "sqlite3 failed\n";
	open $in, '<', "$answers.sql" or die;
	my @sql = <$in>;

	my %known;
	open my $rows, '-|', 'sqlite3', '-batch', $database, q(SELECT hex(user) || ' ' || hex(domain) FROM users) or die;
	while (<$rows>) {
		my ($user, $domain) = map { pack 'H*', $_ } split;
		$known{canonical($user) . '@' . lc $domain} = 1;
	}

	my ($bad, %seen) = 0;
	for my $i (0 .. $#asks) {
		my ($ours, $users) = split ' ', $sql[$i];
		my ($user, $host) = $asks[$i] =~ /^(.*)\@(.*)$/s;
		# As it is asked, or without its quotes
		my $known = $known{canonical($user) . '@' . lc $host} || $known{($user =~ tr/A-Z/a-z/r) . '@' . lc $host};
		my $want = $users || $known || !$ours ? 'accept' : 'reject';
		my $why = $ours ? 'local' : 'foreign';
		my (undef, $verdict, $got_why) = split /\t/, $answers[$i];
		$seen{$want . ($ours ? $users ? ' by both' : $known ? ' without quotes' : ' by both' : ' as foreign')}++;
		next if $verdict eq $want && $got_why eq $why;
		print "# $answers[$i]: want $want $why (check_user: domain $ours, user $users)\n" if $bad++ < 10;
	}
	print '# ', join(', ', map { "$seen{$_} $_" } sort keys %seen), "\n";
	exit($bad > 0 || keys %seen < 3);
}
