#!/usr/bin/env perl
# state.pl FILE NAME VALUE...
# Changes members of data/rcptbuild.state, checksum and all, as src/door/state.h describes it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Checksum;

my @members = ((map { my $stamp = $_; map { "$stamp.$_" } qw(device inode size modified changed) }
    qw(database wal journal accounts accounts_wal accounts_journal feeds)), 'delivery', 'read_at',
    (map { my $stamp = $_; map { "$stamp.$_" } qw(device inode size modified changed) }
    qw(cdb program)),
    qw(host digest users resolved_at resolve_every failed said said_at failed_since failed_code));

my ($path, %set) = @ARGV;
open my $in, '<', $path or die "$path: $!\n";
my ($head, @lines) = <$in>;
pop @lines;
die "$path: other members than these\n" if @lines != @members;
for my $i (0 .. $#members) {
	$lines[$i] = sprintf "%016x\n", delete $set{$members[$i]} if exists $set{$members[$i]};
}
die "state.pl: no member @{[keys %set]}\n" if %set;
my $text = join '', $head, @lines;
open my $out, '>', $path or die "$path: $!\n";
printf $out "%s%016x\n", $text, text(START, $text);
