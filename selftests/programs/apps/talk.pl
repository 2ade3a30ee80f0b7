# SPDX-License-Identifier: GPL-2.0
#
# The same as talk.c, in Perl: with the functions of IPC::SysV, or with the
# objects of IPC::SharedMem.
#
# usage: talk.pl functions|object KEY SLOT LAST TEXT
use strict;
use warnings;
use IPC::SharedMem;
use IPC::SysV qw(IPC_CREAT shmat shmdt memread memwrite);
use Time::HiRes qw(sleep);

my ($way, $key, $own, $last, $text) = @ARGV;
my ($slot, $size) = (64, 4096);
my ($get, $put, $end);

if ($way eq 'object') {
    my $shm = IPC::SharedMem->new(oct $key, $size, IPC_CREAT | 0600)
        or die "shmget: $!\n";
    $shm->attach or die "shmat: $!\n";
    $get = sub { $shm->read($_[0] * $slot, $slot) };
    $put = sub { $shm->write($_[1], $_[0] * $slot, $slot) };
    $end = sub { $shm->detach };
} else {
    my $id = shmget(oct $key, $size, IPC_CREAT | 0600);
    defined $id or die "shmget: $!\n";
    my $at = shmat($id, undef, 0) or die "shmat: $!\n";
    $get = sub { memread($at, my $found, $_[0] * $slot, $slot); $found };
    $put = sub { memwrite($at, $_[1], $_[0] * $slot, $slot) };
    $end = sub { defined shmdt($at) };
}

# The text of a slot, as soon as there is one.
sub slot_text {
    for (1 .. 900) {
        my $found = $get->($_[0]);
        $found =~ s/\0+$//;
        return $found if length $found;
        sleep 0.1;
    }
    die "nobody wrote into slot $_[0]\n";
}

print slot_text($_), "\n" for 0 .. $own - 1;
$put->($own, $text) or die "write: $!\n";
slot_text($last);
$end->() or die "shmdt: $!\n";
