#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
#
# Knows nothing of kshm: creates a segment with Perl's own IPC::SysV, writes
# into it, and reads what somebody answered. A line on standard input lets it
# take its next step.
#
# usage: writer.pl KEY
use strict;
use warnings;
use IPC::SharedMem;
use IPC::SysV qw(IPC_CREAT IPC_EXCL);

my $key = oct shift;
my $size = 64 * 1024;
$| = 1;

my $shm = IPC::SharedMem->new($key, $size, IPC_CREAT | IPC_EXCL | 0640)
    or die "shmget: $!\n";
print "created $$\n";
<STDIN>;
$shm->attach or die "shmat: $!\n";
$shm->write("Perl was here", 0, 64) or die "write: $!\n";
print "attached and wrote\n";
<STDIN>;
my $answer = $shm->read(64, 64);
die "read: $!\n" unless defined $answer;
$answer =~ s/\0+$//;
print "read: $answer\n";
<STDIN>;
my $stat = $shm->stat or die "shmctl: $!\n";
printf "size %d, mode %o, nattch %d\n",
    $stat->segsz, $stat->mode, $stat->nattch;
$shm->detach or die "shmdt: $!\n";
print "detached\n";
