# src/base/checksum.h once more, by its description
package Checksum;
use strict;
use warnings;
no warnings 'portable';    # 64-bit constants
use integer;    # 64 bits, wrapping
use Exporter 'import';
our @EXPORT = qw(START number text);

use constant START => unpack 'q<', pack 'Q<', 0x243f6a8885a308d3;

sub number {
	my ($sum, $number) = @_;
	$sum ^= $number;
	$sum = ($sum << 29 | ($sum >> 35 & 0x1fffffff)) * unpack 'q<', pack 'Q<', 0x9e3779b97f4a7c15;
	return $sum ^ ($sum >> 32 & 0xffffffff);
}

sub text {
	my ($sum, $text) = @_;
	$sum = number($sum, length $text);
	$sum = number($sum, $_) for unpack 'q<*', $text . "\0" x (-length($text) & 7);
	return $sum;
}

1;
