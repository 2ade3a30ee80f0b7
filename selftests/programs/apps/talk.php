<?php
// SPDX-License-Identifier: GPL-2.0
//
// The same as talk.c, with PHP's shmop.
//
// usage: talk.php KEY SLOT LAST TEXT
const SLOT = 64;
const SIZE = 4096;

// The text of a slot, as soon as there is one.
function text(Shmop $shm, int $slot): string
{
	for ($i = 0; $i < 900; $i++) {
		$found = rtrim(shmop_read($shm, $slot * SLOT, SLOT), "\0");
		if ($found !== '')
			return $found;
		usleep(100000);
	}
	exit(1);
}

[, $key, $own, $last, $text] = $argv;
$shm = shmop_open(intval($key, 0), 'c', 0600, SIZE);
if (!$shm)
	exit(1);
for ($slot = 0; $slot < $own; $slot++)
	echo text($shm, $slot), "\n";
shmop_write($shm, $text, $own * SLOT);
text($shm, $last);
