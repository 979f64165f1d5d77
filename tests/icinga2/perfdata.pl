# What does Monitoring::Plugin read in perfdata? A line of perfdata in; label, value, unit, warning, critical, minimum and
# maximum out, a tab between them, a line for each entry and an empty line after the last.
use strict;
use warnings;
use Monitoring::Plugin::Performance use_die => 1;

while ( my $perfdata = <STDIN> ) {
    chomp $perfdata;
    for my $entry ( Monitoring::Plugin::Performance->parse_perfstring($perfdata) ) {
        my @fields = map { $entry->$_ } qw(label value uom warning critical min max);
        print join( "\t", map { defined $_ ? $_ : '' } @fields ), "\n";
    }
    print "\n";
}
